"""Views that call an application which was wired elsewhere."""

from typing import Generic, TypeVar

from flask_restx import Resource

ApplicationT = TypeVar("ApplicationT")


class View(Resource, Generic[ApplicationT]):  # type: ignore[misc]
    """A resource whose namespace gives it its application, in `resource_class_kwargs`; nothing of it is global."""

    def __init__(self, api: object, *_args: object, application: ApplicationT) -> None:
        super().__init__(api)
        self.application = application
