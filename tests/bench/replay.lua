-- Replays requests that were signed beforehand: LuaJIT has no SHA-256, and signing is the client's work, not measured.
-- The file holds whole requests, each ended by a zero byte; every one is sent once, because a nonce works once.

-- With a second argument each connection pauses for that many milliseconds on average, exponentially distributed, so
-- that requests come as from many people who know nothing of each other.

local requests, next_request = {}, 0

function init(args)
  local pause = tonumber(args[2])
  if pause > 0 then
    math.randomseed(1)
    function delay()
      return math.floor(-math.log(1 - math.random()) * pause + 0.5)
    end
  end
  local file = assert(io.open(args[1], "rb"))
  for request in file:read("*a"):gmatch("(%Z+)%z") do
    requests[#requests + 1] = request
  end
  file:close()
end

function request()
  next_request = next_request + 1
  if next_request > #requests then
    wrk.thread:stop()
    next_request = #requests
  end
  return requests[next_request]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "p50_ms": %.3f, "p99_ms": %.3f, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
