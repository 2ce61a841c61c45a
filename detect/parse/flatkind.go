package parse

// flatNames are the fields as Options.Fields names them.
var flatNames = [flatFields]string{
	flatTime: "time", flatClient: "client", flatMethod: "method", flatTarget: "target", flatRequest: "request", flatStatus: "status",
	flatBytes: "bytes", flatHost: "host", flatAgent: "user_agent", flatReferer: "referer", flatUser: "user", flatForwarded: "forwarded",
}

// flatKind is how a server writes flat JSON objects.
type flatKind struct {
	keys      [flatFields][]string // what is taken for a field, the best first
	header    string               // what the keys of request headers begin with; "": there are none
	contained bool                 // a container runtime's head may stand in front of a line
	host      bool                 // the forwarded list is Traefik's host of the client
	portZero  bool                 // a client's port 0 says that the address was forwarded
}

// uses says what each key is good for.
func (k *flatKind) uses() map[string]flatUse {
	uses := map[string]flatUse{}
	for f, keys := range k.keys {
		for rank, key := range keys {
			uses[key] = flatUse{key, flatField(f), uint8(rank)}
		}
	}
	return uses
}

// isHeader tells whether a key is a request header's.
func (k *flatKind) isHeader(key []byte) bool {
	n := len(k.header)
	return n > 0 && len(key) > n && key[0] == k.header[0] && string(key[:n]) == k.header
}

// nginxKind has the names of nginx's variables and those that people like to write instead. The client is only ever nginx's own
// variable: other names are given to forwarded headers as well.
var nginxKind = flatKind{
	keys: [flatFields][]string{
		flatTime:      {"time_iso8601", "msec", "time_local", "time", "timestamp", "@timestamp", "ts"},
		flatClient:    {"remote_addr"},
		flatMethod:    {"request_method", "method"},
		flatTarget:    {"request_uri", "uri"},
		flatRequest:   {"request"},
		flatStatus:    {"status"},
		flatBytes:     {"body_bytes_sent", "bytes_sent", "bytes"},
		flatHost:      {"host", "http_host", "server_name"},
		flatAgent:     {"http_user_agent", "user_agent"},
		flatReferer:   {"http_referer", "referer"},
		flatUser:      {"remote_user", "user"},
		flatForwarded: {"http_x_forwarded_for", "x_forwarded_for"},
	},
	header: "http_",
}

// traefikKind is Traefik's JSON access log. ClientHost is the peer's address or, of a peer that Traefik trusts, the whole X-Forwarded-For
// header: then the right-most address in it is taken and the event is Forwarded. With trusted proxies of our own ClientAddr, the peer,
// decides. Headers are there as far as Traefik keeps them (accessLog.fields.headers).
var traefikKind = flatKind{
	keys: [flatFields][]string{
		flatTime:      {"StartUTC", "StartLocal", "time"},
		flatClient:    {"ClientAddr"},
		flatMethod:    {"RequestMethod"},
		flatTarget:    {"RequestPath"},
		flatStatus:    {"DownstreamStatus", "OriginStatus"},
		flatBytes:     {"DownstreamContentSize", "OriginContentSize"},
		flatHost:      {"RequestHost", "RequestAddr"},
		flatAgent:     {"request_User-Agent"},
		flatReferer:   {"request_Referer"},
		flatUser:      {"ClientUsername"},
		flatForwarded: {"ClientHost"},
		flatMessage:   {"message", "msg"},
	},
	header:    "request_",
	contained: true,
	host:      true,
}

// envoyKind has the keys of Envoy's documentation and those that Istio and Envoy Gateway write by default. Where Envoy took the client's
// address from X-Forwarded-For its port is 0, and the event is Forwarded.
var envoyKind = flatKind{
	keys: [flatFields][]string{
		flatTime:      {"start_time", "timestamp", "@timestamp", "time"},
		flatClient:    {"downstream_remote_address"},
		flatMethod:    {"method", ":method", "request_method"},
		flatTarget:    {"x-envoy-original-path", "x-envoy-origin-path", "x_envoy_original_path", "path", ":path", "request_path"},
		flatStatus:    {"response_code", "status"},
		flatBytes:     {"bytes_sent"},
		flatHost:      {":authority", "authority", "authority_for", "host"},
		flatAgent:     {"user-agent", "user_agent"},
		flatReferer:   {"referer"},
		flatForwarded: {"x-forwarded-for", "x_forwarded_for"},
	},
	contained: true,
	portZero:  true,
}
