# A profile small enough to write its input by hand.
[tiny]
len     uint16    frame.len
name    text(8)   dns.qry.name
answer  bool      dns.flags.response
names   json      dns.qry.name
took    duration  dns.time
src     ip        ip.src | ipv6.src
mac     mac       eth.src
data    bytes(4)  data.data
flags   set       tcp.analysis.retransmission | tcp.analysis.keep_alive
key     src ts

[answers] each dns.a | dns.aaaa
name    text(8)   dns.qry.name
address ip        dns.a | dns.aaaa
