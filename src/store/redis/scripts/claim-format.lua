#!lua flags=allow-oom
-- Writes the format number unless Redis already has one.
-- KEYS: the format number
-- ARGV: the format of this process
-- Returns the format of the stored records
local formatKey = KEYS[1]
local ownFormat = ARGV[1]

local found = redis.call('GET', formatKey)
if found then return found end
redis.call('SET', formatKey, ownFormat)
return ownFormat
