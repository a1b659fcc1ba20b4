-- For wrk: each request with another cookie of a file, at random or one after the other.
-- Arguments: the file (tokens of one length, one a line), and "random" or the number to begin with.

local data, width, count, position, head, tail

function init(args)
  local file = assert(io.open(args[1], "rb"))
  -- One text and no table: a million strings would keep the collector busy.
  data = file:read("*a")
  file:close()
  width = data:find("\n", 1, true)
  count = #data / width
  if args[2] ~= "random" then
    position = tonumber(args[2])
  end
  math.randomseed(os.time() + (position or 0))
  wrk.headers["Cookie"] = "@cookie@"
  local whole = wrk.format()
  local first, last = whole:find("@cookie@", 1, true)
  head = whole:sub(1, first - 1) .. "theme=dark; linkgate-session="
  tail = "; _ga=GA1.1.1043279842.1700000000" .. whole:sub(last + 1)
end

function request()
  local number
  if position then
    number = position % count
    position = position + 1
  else
    number = math.random(0, count - 1)
  end
  local start = number * width
  return head .. data:sub(start + 1, start + width - 1) .. tail
end
