package host

import (
	"encoding/binary"
	"math/rand/v2"

	"github.com/nuage-emu/nuage/abi"
)

// Seeded is the source of deterministic machines: ChaCha8, with the seed as the
// first eight bytes of its key.
func Seeded(seed uint64) abi.Source {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}
