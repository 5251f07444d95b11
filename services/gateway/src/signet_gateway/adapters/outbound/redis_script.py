"""The claims of one group, decided inside Redis: one script, so nothing comes between looking and writing.

Beside the nonces stands the store's mark, a hash under one key:

birth      names this life of the store; whoever knew another one learns that claims may have been lost
run_id     the server process that wrote it: a restart, and a replica that took over, run under another
horizon    for timestamps at or before it the store vouches for nothing
born_at    when, by the server's clock; until `settle` seconds later nothing is decided, so that every worker that is
           alive has told how far ahead of the clock it has let clients stamp
"""

PREFIX = "{signet:nonces}:"
"""The braces keep all keys in one slot of a cluster, which a script needs."""

MARK = PREFIX + "store"

SETTLED, FRESH, REUSED, TOO_OLD = 1, 1, 0, -1

CLAIM = """
local now, newest, run_id, candidate, known, settle =
    tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local server_now = tonumber(redis.call('TIME')[1])
local mark = redis.call('HMGET', KEYS[1], 'birth', 'run_id', 'horizon', 'born_at')
local birth, horizon, born_at = mark[1], tonumber(mark[3] or 0), tonumber(mark[4] or 0)
if not birth or mark[2] ~= run_id then
    birth, born_at = candidate, server_now
    horizon = math.max(horizon, now, newest)
    redis.call('HSET', KEYS[1], 'birth', birth, 'run_id', run_id, 'horizon', horizon, 'born_at', born_at)
elseif birth ~= known and newest > horizon then
    horizon = newest
    redis.call('HSET', KEYS[1], 'horizon', horizon)
elseif #KEYS == 1 then
    redis.call('HSET', KEYS[1], 'horizon', horizon)
end
local settled = server_now - born_at >= settle
local answer = {birth, horizon, settled and 1 or 0}
if not settled then return answer end
for index = 2, #KEYS do
    local timestamp, seconds = tonumber(ARGV[3 + 2 * index]), ARGV[4 + 2 * index]
    if timestamp <= horizon then
        answer[index + 2] = -1
    elseif redis.call('SET', KEYS[index], '', 'NX', 'EX', seconds) then
        answer[index + 2] = 1
    else
        answer[index + 2] = 0
    end
end
return answer
"""
"""KEYS: the mark, then one for each nonce. ARGV: the gateway's time, the newest timestamp that this worker has claimed,
the run id of the server, the name for a new life, the life that this worker knew, seconds to settle; then timestamp and
lifetime of each nonce. Returns the life, the horizon, whether it is settled, and if so 1, 0 or -1 for each nonce.
Without a nonce it writes all the same: that is a probe, which a full server must fail."""
