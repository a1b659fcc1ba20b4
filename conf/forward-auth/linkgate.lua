-- http-request lua.linkgate LINKGATE SITE
--
-- Asks linkgate at the URL LINKGATE whether a request to the origin SITE may pass. Only if it may,
-- the variable txn.linkgate is "pass"; then the headers that tell who is there are those of the answer.

-- What the answer depends on. The body is not among it, and linkgate reads nothing else.
local ASKED = {
    "accept", "accept-language", "access-control-request-headers", "access-control-request-method",
    "content-type", "cookie", "origin", "sec-fetch-dest", "sec-fetch-mode", "sec-websocket-key",
    "upgrade", "user-agent", "x-requested-with",
}

-- What the application is told. Each is in every answer that lets a request pass, maybe empty.
-- With other identity_headers, other names; remove those from the client's request in haproxy.cfg.
-- The cookies are the visitor's without those of linkgate.
local TOLD = { "remote-user", "remote-email", "remote-groups", "x-linkgate-assertion", "cookie" }

local TIMEOUT = 5000 -- milliseconds

local function question(txn, site)
    local proto, host = site:match("^(https?)://([^/]+)$")
    local headers = {
        ["x-forwarded-method"] = { txn.sf:method() },
        ["x-forwarded-proto"] = { proto },
        ["x-forwarded-host"] = { host },
        ["x-forwarded-uri"] = { txn.sf:pathq() },
        -- The address of the connection, for rules with networks; nothing that the client says.
        ["x-forwarded-for"] = { txn.sf:src() },
        ["host"] = { host },
    }
    local sent = txn.http:req_get_headers()
    for _, name in ipairs(ASKED) do
        local values = sent[name]
        if values ~= nil then
            -- HAProxy counts them from 0.
            local all = {}
            for index = 0, #values do
                all[#all + 1] = values[index]
            end
            headers[name] = all
        end
    end
    return headers
end

core.register_action("linkgate", { "http-req" }, function(txn, linkgate, site)
    -- Closed until the very end: an error here leaves it so.
    txn:set_var("txn.linkgate", "closed")
    local answer = core.httpclient():get({
        url = linkgate .. "/.linkgate/check",
        headers = question(txn, site),
        timeout = TIMEOUT,
    })
    if answer == nil or answer.status ~= 200 then
        return
    end
    for _, name in ipairs(TOLD) do
        local values = answer.headers[name]
        if values == nil then
            core.Warning("linkgate: the answer has no " .. name)
            return
        end
        txn.http:req_set_header(name, values[0])
        if values[0] == "" then
            txn.http:req_del_header(name)
        end
    end
    txn:set_var("txn.linkgate", "pass")
end, 2)
