package memory

import (
	"testing"
)

func BenchmarkLoad64(b *testing.B) {
	benchForms(b, func(b *testing.B, s *Space, addr uint64) {
		var sum uint64
		a := uint32(addr)
		for i := range b.N {
			sum += s.Load64(a + uint32(i)&0xff8)
		}
		s.Store64(a, sum)
	})
}

func BenchmarkStore64(b *testing.B) {
	benchForms(b, func(b *testing.B, s *Space, addr uint64) {
		a := uint32(addr)
		for i := range b.N {
			s.Store64(a+uint32(i)&0xff8, uint64(i))
		}
	})
}

func BenchmarkWriteAt16(b *testing.B) {
	benchForms(b, func(b *testing.B, s *Space, addr uint64) {
		p := make([]byte, 16)
		for b.Loop() {
			if s.WriteAt(p, addr) != nil {
				b.Fatal()
			}
		}
	})
}

func BenchmarkMapUnmap(b *testing.B) {
	benchForms(b, func(b *testing.B, s *Space, addr uint64) {
		for b.Loop() {
			a, err := s.Map(Mapping{Len: 16 * PageSize, Prot: rw})
			if err != nil || s.Unmap(a, 16*PageSize) != nil {
				b.Fatal(err)
			}
		}
	})
}

func benchForms(b *testing.B, f func(b *testing.B, s *Space, addr uint64)) {
	for _, form := range []Form{Window, Paged} {
		b.Run(form.String(), func(b *testing.B) {
			s, err := New(Options{Form: form})
			if err != nil {
				b.Skip("not on this host")
			}
			defer s.Close()
			addr, err := s.Map(Mapping{Len: 2 * PageSize, Prot: rw})
			if err != nil || s.WriteAt(make([]byte, 2*PageSize), addr) != nil {
				b.Fatal(err)
			}
			f(b, s, addr)
		})
	}
}
