package argdata

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/nuage-emu/nuage/abi/cloudabi"
)

// headerSize is the length that stands before each message on a stream.
const headerSize = 8

// WriteMessage writes encoded argument data with its length before it
// (abi/argdata.md section 5), in one Write. Descriptors do not travel on a
// Go stream; data that names some is the caller's mistake.
func WriteMessage(w io.Writer, data []byte) error {
	p := binary.BigEndian.AppendUint64(make([]byte, 0, headerSize+len(data)), uint64(len(data)))
	_, err := w.Write(append(p, data...))
	return err
}

// ReadMessage reads one message of at most limit bytes. The end of the stream
// before a message is io.EOF, inside of one EBADMSG; a longer message is
// EMSGSIZE, and leaves the stream behind its header.
func ReadMessage(r io.Reader, limit int) ([]byte, error) {
	var header [headerSize]byte
	switch n, err := io.ReadFull(r, header[:]); {
	case err == io.ErrUnexpectedEOF:
		return nil, fmt.Errorf("message ends after %d of the %d bytes of its header (%w)", n, headerSize, cloudabi.EBADMSG)
	case err != nil:
		return nil, err
	}
	size := binary.BigEndian.Uint64(header[:])
	if limit < 0 || size > uint64(limit) {
		return nil, fmt.Errorf("message of %d bytes is longer than the limit of %d (%w)", size, limit, cloudabi.EMSGSIZE)
	}
	data := make([]byte, size)
	switch n, err := io.ReadFull(r, data); {
	case err == io.EOF || err == io.ErrUnexpectedEOF:
		return nil, fmt.Errorf("message ends after %d of its %d bytes (%w)", n, size, cloudabi.EBADMSG)
	case err != nil:
		return nil, err
	}
	return data, nil
}
