# wide: as many kinds of fields as Wireshark has, for the tests (tests/e2e/wide.py).
#
# Nearly all lines leave the type out, so it comes from the installed tshark. A/B: one field
# under the names that versions of tshark give it.

[w_frame]                                   # a row per packet
frame.number
frame.len
frame.cap_len
frame.marked
frame.ignored
frame.encap_type
frame.p2p_dir
frame.protocols
frame.interface_id
frame.interface_name
frame.interface_description
frame.section_number
frame.packet_flags_direction
frame.time
time_nanos       nanos      frame.time
epoch            frame.time_epoch
frame.time_delta
frame.time_relative
frame.offset_shift
comment_first    first      frame.comment
comment_last     last       frame.comment
comments         all        frame.comment
is_eth           eth
is_ip            ip
is_ipv6          ipv6
is_tcp           tcp
is_http          http
is_malformed     _ws.malformed
eth.src
eth_any          eth.src | wlan.sa | sll.src.eth
eth.dst.oui
eth.src.lg
eth_addr_last    last       eth.addr
eth_addrs        all        eth.addr
eth.type
eth.padding
eth.trailer
vlan.id
vlans            all        vlan.id
vlan.dei
sll.pkttype
wlan.fc.type_subtype
wlan.bssid
data.len
data.data
short_data       bytes(8)   data.data
expert_first     first      _ws.expert.severity
expert_last      last       _ws.expert.message
experts          all        _ws.expert.message
protocol         text(64)   _ws.col.Protocol
info             text(60)   _ws.col.Info
info_all                    _ws.col.Info
key              protocol(16) ts

[w_net]                                     # a row per packet, values of its outermost layer
kind             text(4)    @kind
quoted           bool       @quoted
proto            uint8      @proto
src              ip.src | ipv6.src | arp.src.proto_ipv4
dst              ip         ip.dst | ipv6.dst | arp.dst.proto_ipv4
src_last         last       ip.src | ipv6.src
src_all          all        ip.src
addr_first       first      ip.addr
addr_last        last       ipv6.addr
ip.addr
ip.version
ip.hdr_len
ip.dsfield
ip.len
ip.id
ip.flags
ip.flags.df
ip.frag_offset
ip.fragment
ip.ttl
ip.proto
ip.checksum
ip.checksum.status
ip.host
ip.tos
ip.opt.type
ipv6.tclass
ipv6.flow
ipv6.plen
ipv6.nxt
ipv6.hlim
ipv6.addr
ipv6.slaac_mac
ipv6.embed_ipv4
arp.opcode
arp.src.hw_mac
arp.dst.proto_ipv4
arp.isgratuitous
tcp.srcport
tcp.port
ports            all        tcp.port
tcp.stream
tcp.seq
tcp.seq_raw
tcp.ack
tcp.len
tcp.flags
tcp.flags.syn
tcp.flags.str
tcp.flags.ae/tcp.flags.ns
tcp.window_size
tcp.window_size_scalefactor
tcp.checksum
tcp.options
tcp.option_kind
kinds            all        tcp.option_kind
tcp.options.mss_val
tcp.options.timestamp.tsval
tcp.options.sack_le
tcp.payload
tcp.segment_data
tcp.segment
tcp.segments
tcp.reassembled.length
tcp.time_delta
tcp.time_relative
tcp.completeness
tcp.analysis
tcp.analysis.flags
tcp.analysis.acks_frame
tcp.analysis.ack_rtt
tcp.analysis.initial_rtt
tcp.analysis.duplicate_ack_num
tcp.analysis.bytes_in_flight
tcp.analysis.rto
marks            set        tcp.analysis.retransmission | tcp.analysis.out_of_order | tcp.analysis.duplicate_ack | tcp.connection.syn | tcp.connection.fin | tcp.connection.rst
udp.srcport
udp.dstport
udp.length
udp.checksum.status
udp.payload
udp.time_delta
sctp.srcport
sctp.verification_tag
sctp.chunk_type
icmp.type
icmp.code
icmp.ident
icmp.resp_to
icmp.resptime
icmp.data_time
icmpv6.type
icmpv6.code
icmpv6.nd.ns.target_address
icmpv6.opt.prefix
community        community_id @layer
key              src ts

[w_layer] each @layer
number           uint32     @index
kind             text(4)    @kind
quoted           uint8      @quoted
proto            uint16     @proto
src              ip.src | ipv6.src | arp.src.proto_ipv4
dst              ip.dst | ipv6.dst | arp.dst.proto_ipv4
port             tcp.srcport | udp.srcport | sctp.srcport
ip.len
ip.id
ip.ttl
ip.addr
ip.flags.df
ip.checksum.status
ipv6.hlim
tcp.flags
tcp.seq
tcp.payload
udp.length
udp.payload
icmp.type
dns.id
first_src        first      ip.src
last_dst         last       ip.dst

[w_dns] when dns.id | dns.flags.response | nbns.id
dns.id
dns.flags
dns.flags.response
dns.flags.opcode
dns.flags.rcode
dns.count.answers
dns.qry.name
name_short       text(12)   dns.qry.name
name_last        last       dns.qry.name
names            all        dns.qry.name
dns.qry.type
dns.qry.class
dns.qry.name.len
dns.resp.ttl
ttl_last         last       dns.resp.ttl
dns.resp.cache_flush
dns.a
addresses        all        dns.a
dns.aaaa
dns.cname
dns.txt
texts            all        dns.txt
dns.time
dns.response_to
dns.rrsig.signature_expiration
dns.opt.client.addr6
dns.eui64
nbns.name
nbns.addr
nbns.flags

[w_dns_each] each dns.qry.name | dns.resp.name | dns.a | dns.txt
query            dns.qry.name
answer           dns.resp.name
address          dns.a
txt              dns.txt
txt2             text(2)    dns.txt
dns.resp.type
rcode            dns.flags.rcode
last_name        last       dns.resp.name

[w_http] when http.request.method | http.response.code | http.user_agent
http.request
http.request.method
http.request.uri
http.request.full_uri
http.request.version
http.request.line
lines            all        http.request.line
http.host
http.user_agent
agent_last       last       http.user_agent
agents           all        http.user_agent
agent_short      text(10)   http.user_agent
http.referer
http.connection
http.response.code
http.server
http.content_length
http.content_length_header
http.file_data
http.time
http.request_in
http.request.uri.query.parameter
json.value.number
json.object
json.key
websocket.payload
xml.tag
urlencoded-form.key
image-gif.data_block
image-jfif.identifier
png.chrm.white.x
mp4.mvhd.rate
media.type

[w_tls] when tls.record | dtls.record.version | quic.version
tls.record
tls.record.version
tls.record.length
tls.record.content_type
tls.handshake
tls.handshake.type
types            all        tls.handshake.type
type_last        last       tls.handshake.type
tls.handshake.length
tls.handshake.random
tls.handshake.random_time
tls.handshake.session_id
tls.handshake.ciphersuite
ciphers          all        tls.handshake.ciphersuite
tls.handshake.extensions_server_name
sni_short        text(5)    tls.handshake.extensions_server_name
tls.handshake.extensions_alpn_str
alpn             all        tls.handshake.extensions_alpn_str
tls.handshake.ja3
tls.handshake.fragment
tls.handshake.verify_data
tls.handshake.cipherspec/tls.ssl2.handshake.cipherspec
tls.app_data
tls.change_cipher_spec
tls.sct.sct_timestamp
tls.quic.parameter.type
tls.quic.parameter.initial_max_data
x509sat.printableString
x509af.serialNumber
x509af.utcTime
x509af.algorithm.id
x509af.extension.id
oids             all        x509af.extension.id
x509af.critical
x509af.version
x509ce.dNSName
x509ce.GeneralName
x509ce.KeyUsage.digitalSignature
x509ce.IPAddress.ipv6
x509if.RelativeDistinguishedName_item_element
pkix1implicit.accessMethod
ocsp.thisUpdate
dtls.record.sequence_number
dtls.handshake.length
quic.frame_type
quic.packet_length
quic.dcid
quic.crypto.offset
quic.padding_length
gquic.cid
gquic.packet_number

[w_extension] each tls.handshake.extension.type
number           tls.handshake.extension.type
length           first      tls.handshake.extension.len
sni              tls.handshake.extensions_server_name

[w_numbers] each gopher.directory.type | thrift.i8 | thrift.i16 | thrift.i32 | thrift.i64 | thrift.double | resp.integer | rtcp.ssrc.cum_nr | collectd.val.gauge | opcua.Float | iec60870_asdu.float | marc.field.subfield.tag | eap.identity.prefix
i8               thrift.i8
i16              thrift.i16
i32              thrift.i32
i64              thrift.i64
thrift.double
resp             resp.integer
lost             rtcp.ssrc.cum_nr
gauge            collectd.val.gauge
opcua.Float
iec              iec60870_asdu.float
tag              marc.field.subfield.tag
prefix           eap.identity.prefix
gopher.directory.type
letters          all        gopher.directory.type
last_letter      last       gopher.directory.type
mixed            thrift.i32 | resp.integer
gauge_last       last       collectd.val.gauge
gauges           all        collectd.val.gauge

[w_types] when thrift | resp | collectd | opcua | synphasor | stp | radius | isakmp | rtp | stun | bitcoin | snmp | smb | smb2 | dcerpc | ntp | syslog | marc | eap | hart_ip | pfcp | ipx | vines_ip | isis | ax25 | fcip | wpan | btatt | rtcp | kafka | nfs | rx | dhcp | dhcpv6 | tftp | pgsql | mysql | bittorrent | kerberos | diameter | openvpn | amqp | ptp | lisp | h225 | lldp | cdp | modbus | dnp3 | sip | e212 | ber | afp | hislip | enip | openwire | uftp4 | uftp5 | iax2 | ceph | igmp | raknet | mndp | tds | ipxsap | nbp | amt | c1222 | iec60870_asdu | ajp13 | rdpudp | ntlmssp
thrift.type
thrift.fid
thrift.str_len
thrift.bool
thrift.string
thrift.struct
resp.array
resp.array.length
resp.bulk_string.value
resp.string
collectd.type
collectd.data.time
collectd.data.interval
collectd.val.derive
collectd.data.plugin
opcua.Timestamp
opcua.Double
opcua.Guid
opcua.nodeid.guid
opcua.MaxAge
opcua.Int64
opcua.SByte
synphasor.soc
synphasor.fracsec_ms
synphasor.rate_change_frequency
synphasor.fracsec_raw
synphasor.frequency_deviation_from_nominal
stp.msg_age
stp.root.hw
radius.avp.type
radius.NAS_IP_Address
radius.Event_Timestamp
radius.Chargeable_User_Identity
isakmp.nextpayload
isakmp.ispi
rtp.marker
rtp.setup-frame
rtp.ssrc
stun.id
stun.att.ipv4
stun.att.ipv6
bitcoin.addr.timestamp
bitcoin.address.services
bitcoin.address.address
bitcoin.tx.out.value
snmp.name
snmp.value.oid
snmp.value.int
snmp.value.counter
snmp.community
smb2.fid
smb2.msg_id
smb2.sesid
smb2.create.time
smb2.tree
smb.server_guid
smb.file
dcerpc.cn_bind_to_uuid
bind_last        last       dcerpc.cn_bind_to_uuid
binds            all        dcerpc.cn_bind_to_uuid
dcerpc.dg_act_id
ntp.precision
ntp.reftime
ntp.org
ntp.xmt
xmt_nanos        nanos      ntp.xmt
ntp.refid
ntp.rootdelay
syslog.msg
msg_short        text(3)    syslog.msg
syslog.level
syslog.timestamp
marc.leader.status
eap.identity
iec60870_asdu.cp56time
iec60870_asdu.ioa
hart_ip.pt.rsp.tag
hart_ip.pt.rsp.pv
pfcp.ul_mbr
pfcp.length
ipx.src.net
ipx.dst.net
ipx.node
vines_ip.source
vines_ip.destination
isis.hello.source_id
isis.hello.lan_id
ax25.src
ax25.dst
fcip.srcwwn
fcip.dstwwn
wpan.src64
wpan.dst64
btatt.temperature_measurement.value.celsius
btatt.temperature_measurement.value.fahrenheit
btatt.plxs.spot_check_measurement.spo2
btatt.plxs.spot_check_measurement.pulse_rate
kafka.offset
kafka.record_attributes
nfs.mtime
nfs.access_rights
rx.epoch
dhcp.option.hostname
dhcp.ip.your
dhcp.hw.mac_addr
dhcpv6.duidllt.time
dhcpv6.duid.bytes
tftp.destination_file
pgsql.parameter_name
mysql.version
mysql.connattrs.name
kerberos.till
kerberos.CNameString
diameter.avp.len
diameter.Event-Timestamp
openvpn.sessionid
amqp.header.body-size
ptp.v2.correction.ns
ptp.v2.correction.subns
lisp.nonce
h225.guid
h225.protocolIdentifier
lldp.chassis.id.mac
cdp.software_version
modbus.func_code
modbus.request_frame
dnp3.al.timestamp
dnp3.al.reltimestamp
dnp3.al.ana.int
sip.Method
sip.msg_hdr
sip.msg_body
e212.mcc
e212.mnc
uftp4.grtt
iax2.abstime
igmp.maddr
raknet.ip.v4_address
mndp.uptime
tds.type_varbyte.data.int64
tds.type_varbyte.data.guid
enip.time
ceph.node_type
ipxsap.server.name
nbp.object
nbp_names        all        nbp.object
nbp_short        text(1)    nbp.type
amt.response_mac
c1222.called_ap_title_rel
ajp13.rmsg/ajp13.rsmsg
iec60870_asdu.coi_r/iec60870_asdu.coi.r
rdpudp2.data.seqnum/rdpudp.data.seqnum
ntlmssp.negotiatent10000000/ntlmssp.unused10000000
wlan.wfa.ie.wme.acp.aci/wlan.wfa.ie.wme.acp.aci_be
