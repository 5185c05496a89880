"""What Redis carries out in one step. Where it refuses a write (no memory, a replica, a full disk), the first one of a
script is refused, so that a script writes all or nothing."""

_POSITIONS = """
local function positions()
  local text = redis.call('GET', KEYS[1])
  if text then return cjson.decode(text) end
  local reached, before = {}, redis.call('HGETALL', KEYS[2])
  for i = 1, #before, 2 do reached[before[i]] = before[i + 1] end
  return reached
end
"""

WRITE = f"""{_POSITIONS}
local reached = positions()
local moves = 1 + 3 * ARGV[1]
for i = 2, moves, 3 do
  if (reached[ARGV[i]] or '0') ~= ARGV[i + 1] then return 0 end
  reached[ARGV[i]] = ARGV[i + 2]
end
redis.call('SET', KEYS[1], cjson.encode(reached))
local documents = #ARGV - moves
local filled = redis.call('GET', KEYS[3]) or 'done'
for i = 5 + documents, #KEYS do
  redis.call('DEL', KEYS[i])
  if filled ~= 'done' then redis.call('SADD', KEYS[4], KEYS[i]) end
end
for i = 1, documents do
  local key, value = KEYS[4 + i], ARGV[moves + i]
  if redis.call('GETRANGE', key, 0, 15) < string.sub(value, 1, 16) then redis.call('SET', key, value) end
end
return 1
"""
"""KEYS: positions, those of before, fill state, removed, documents, removed documents. ARGV: number of logs, the name,
expected, position of each, values of the documents."""

ADOPT = f"""{_POSITIONS}
local reached = positions()
for i = 1, #ARGV, 2 do reached[ARGV[i]] = ARGV[i + 1] end
redis.call('SET', KEYS[1], cjson.encode(reached))
redis.call('DEL', KEYS[3], KEYS[4])
"""
"""KEYS: positions, those of before, fill state, removed. ARGV: name, position of each log."""

FILL = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
for i = 3, #KEYS do
  local key, value = KEYS[i], ARGV[i]
  if redis.call('GETRANGE', key, 0, 15) < string.sub(value, 1, 16) and redis.call('SISMEMBER', KEYS[2], key) == 0 then
    redis.call('SET', key, value)
  end
end
if ARGV[2] == 'last' then
  redis.call('SET', KEYS[1], 'done')
  redis.call('DEL', KEYS[2])
else
  redis.call('EXPIRE', KEYS[1], ARGV[2])
end
return 1
"""
"""KEYS: fill state, removed, documents. ARGV: token, `last` or seconds, values of the documents."""
