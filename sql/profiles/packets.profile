# packets: the default profile. profile(5) explains every line.
#
#   [table]  ROWS                     what makes a row
#   column   TYPE   FIELD | FIELD     the first field that is present; without TYPE, tshark's
#   key      column column(prefix)    a secondary key
#
# Every table starts with ts, ts_ns, capture_id, frame (and idx where a packet can have
# several rows). Fields of ip, ipv6, arp, tcp, udp, sctp, icmp and icmpv6 come from the row's
# own layer: the outermost one, but in [layers] each in turn.

[packets]                                   # one row per packet
len           uint32        frame.len
cap_len       uint32        frame.cap_len
iface         text(255)     frame.interface_name
eth_src       mac           eth.src | wlan.sa | sll.src.eth
eth_dst       mac           eth.dst | wlan.da
vlan          uint16        vlan.id
src           ip            ip.src | ipv6.src | arp.src.proto_ipv4
dst           ip            ip.dst | ipv6.dst | arp.dst.proto_ipv4
proto         uint8         @proto
ttl           uint8         ip.ttl | ipv6.hlim
dscp          uint8         ip.dsfield.dscp | ipv6.tclass.dscp
src_port      uint16        tcp.srcport | udp.srcport | sctp.srcport
dst_port      uint16        tcp.dstport | udp.dstport | sctp.dstport
tcp_flags     uint16        tcp.flags
tcp_seq       uint32        tcp.seq
tcp_ack       uint32        tcp.ack
tcp_len       uint32        tcp.len
tcp_window    uint32        tcp.window_size
tcp_analysis  set           tcp.analysis.retransmission | tcp.analysis.fast_retransmission | tcp.analysis.spurious_retransmission | tcp.analysis.out_of_order | tcp.analysis.lost_segment | tcp.analysis.ack_lost_segment | tcp.analysis.duplicate_ack | tcp.analysis.keep_alive | tcp.analysis.keep_alive_ack | tcp.analysis.zero_window | tcp.analysis.zero_window_probe | tcp.analysis.zero_window_probe_ack | tcp.analysis.window_full | tcp.analysis.window_update | tcp.analysis.reused_ports
stream        uint32        tcp.stream | udp.stream
icmp_type     uint8         icmp.type | icmpv6.type
icmp_code     uint8         icmp.code | icmpv6.code
community_id  community_id  @layer
protocol      text(64)      _ws.col.Protocol
protocols     text(4096)    frame.protocols
info          text(8192)    _ws.col.Info
key           src ts
key           dst ts

[layers] each @layer                        # tunnels, and headers quoted by ICMP errors
kind          text(4)       @kind
quoted        bool          @quoted
src           ip            ip.src | ipv6.src | arp.src.proto_ipv4
dst           ip            ip.dst | ipv6.dst | arp.dst.proto_ipv4
proto         uint8         @proto
ttl           uint8         ip.ttl | ipv6.hlim
dscp          uint8         ip.dsfield.dscp | ipv6.tclass.dscp
src_port      uint16        tcp.srcport | udp.srcport | sctp.srcport
dst_port      uint16        tcp.dstport | udp.dstport | sctp.dstport
icmp_type     uint8         icmp.type | icmpv6.type
icmp_code     uint8         icmp.code | icmpv6.code
community_id  community_id  @layer

[dns] when dns.id | dns.flags.response
id            uint16        dns.id
response      bool          dns.flags.response
opcode        uint8         dns.flags.opcode
rcode         uint16        dns.flags.rcode
name          text(2048)    dns.qry.name
names         json          dns.qry.name
type          uint16        dns.qry.type
class         uint16        dns.qry.class
questions     uint16        dns.count.queries
answers       uint16        dns.count.answers
response_time duration      dns.time
key           name(64) ts

[dns_answers] each dns.a | dns.aaaa | dns.cname
name          text(2048)    dns.qry.name
address       ip            dns.a | dns.aaaa
cname         text(2048)    dns.cname
key           address ts

[http] when http.request.method | http.response.code
method        text(64)      http.request.method
host          text          http.host
uri           text          http.request.uri
version       text(64)      http.request.version | http.response.version
user_agent    text          http.user_agent
referer       text          http.referer
status        uint32        http.response.code
content_type  text          http.content_type
content_length uint64       http.content_length
server        text          http.server
key           host(64) ts

[tls] when tls.handshake.type
handshake     json          tls.handshake.type
record_version uint16       tls.record.version
version       uint16        tls.handshake.version
sni           text(2048)    tls.handshake.extensions_server_name
alpn          json          tls.handshake.extensions_alpn_str
cipher        uint16        tls.handshake.ciphersuite
ja3           text(32)      tls.handshake.ja3
ja3s          text(32)      tls.handshake.ja3s
key           sni(64) ts
