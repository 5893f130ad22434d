package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
)

// source is what is known of the files that a tokenizer was read from: their checksum,
// which is much quicker than a cryptographic one, and their size together.
type source struct {
	sum  uint32
	size int
}

// castagnoli is the polynomial that processors compute.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// add adds a file.
func (s *source) add(data []byte) {
	s.sum, s.size = crc32.Update(s.sum, castagnoli, data), s.size+len(data)
}

// Fingerprint tells the tokenizer apart from others, for those who keep what was made
// with it: two that were read from files of the same content in the same way have the
// same. It is a text of 64 hexadecimal digits.
func (t *Tokenizer) Fingerprint() string {
	t = t.made()
	h := sha256.New()
	// Configurations hold what JSON can say, so that this cannot fail.
	config, err := json.Marshal(t.config)
	fmt.Fprintf(h, "%08x %d %d %v %s", t.source.sum, t.source.size, t.size, err, config)
	return hex.EncodeToString(h.Sum(nil))
}
