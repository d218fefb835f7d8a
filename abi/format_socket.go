package abi

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// sendInText shows what is sent.
func (t *Thread) sendInText(b []byte) string {
	var s cloudabi.SendIn
	s.Get(b)
	parts := []string{"data=" + t.iovecText(s.Data, s.DataLen, Forever)}
	if s.FdsLen > 0 {
		parts = append(parts, "fds="+t.fdsText(s.Fds, s.FdsLen))
	}
	if s.Flags != 0 {
		parts = append(parts, fmt.Sprintf("flags=%v", cloudabi.Msgflags(s.Flags)))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func sendOutText(b []byte) string {
	var s cloudabi.SendOut
	s.Get(b)
	return fmt.Sprintf("{datalen=%d}", s.Datalen)
}

// recvInText shows what is asked for and, after the call, what came: how much
// that is, is in the structure of the other argument.
func (t *Thread) recvInText(b []byte, v *[8]uint64, after bool) string {
	var s cloudabi.RecvIn
	s.Get(b)
	var out cloudabi.RecvOut
	var parts []string
	if after {
		var ob [cloudabi.RecvOutSize]byte
		after = t.load(ob[:], v[2]) == 0
		out.Get(ob[:])
	}
	switch {
	case after:
		parts = append(parts, "data="+t.iovecText(s.Data, s.DataLen, out.Datalen))
	default:
		parts = append(parts, "data="+t.roomText(s.Data, s.DataLen))
	}
	switch {
	case after && out.Fdslen > 0:
		parts = append(parts, "fds="+t.fdsText(s.Fds, out.Fdslen))
	case s.FdsLen > 0:
		parts = append(parts, fmt.Sprintf("fdslen=%d", s.FdsLen))
	}
	if s.Flags != 0 {
		parts = append(parts, fmt.Sprintf("flags=%v", cloudabi.Msgflags(s.Flags)))
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// roomText shows the sizes of buffers.
func (t *Thread) roomText(addr, n uint64) string {
	return listText(t, addr, n, cloudabi.IovecSize, func(b []byte) string {
		var v cloudabi.Iovec
		v.Get(b)
		return fmt.Sprintf("%d bytes", v.BufLen)
	})
}

func (t *Thread) fdsText(addr, n uint64) string {
	return listText(t, addr, n, 4, func(b []byte) string { return fdText(uint64(le.Uint32(b))) })
}

// recvOutText shows the result; the addresses are there for early programs only.
func (t *Thread) recvOutText(b []byte) string {
	var s cloudabi.RecvOut2015
	s.Get(b)
	text := fmt.Sprintf("{datalen=%d", s.Datalen)
	if s.Fdslen > 0 {
		text += fmt.Sprintf(", fdslen=%d", s.Fdslen)
	}
	if t.early() {
		text += fmt.Sprintf(", sockname=%s, peername=%s", sockaddrText(&s.Sockname), sockaddrText(&s.Peername))
	}
	if s.Flags != 0 {
		text += fmt.Sprintf(", flags=%v", s.Flags)
	}
	return text + "}"
}

func sockstatText(b []byte) string {
	var s cloudabi.Sockstat
	s.Get(b)
	text := fmt.Sprintf("{sockname=%s, peername=%s", sockaddrText(&s.Sockname), sockaddrText(&s.Peername))
	if s.Error != 0 {
		text += ", error=" + s.Error.String()
	}
	if s.State != 0 {
		text += fmt.Sprintf(", state=%v", s.State)
	}
	return text + "}"
}

func sockaddrText(a *cloudabi.Sockaddr) string {
	switch a.Family {
	case cloudabi.AfInet:
		return netip.AddrPortFrom(netip.AddrFrom4(a.InetAddr), a.InetPort).String()
	case cloudabi.AfInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Inet6Addr), a.Inet6Port).String()
	}
	return a.Family.String()
}
