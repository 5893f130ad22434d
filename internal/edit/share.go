package edit

import (
	"bytes"
	"crypto/sha256"

	"github.com/gocoreml/coreml/internal/dtype"
	"github.com/gocoreml/coreml/internal/mil"
	"github.com/gocoreml/coreml/internal/storage"
)

// minShared is the size from which constants are looked for twice: those that lie in
// the weight file.
const minShared = 10

// share lets constants that are equal refer to the same memory, which is what lets them
// be written once. Only those of equal length are read at all.
func (s *session) share() (err error) {
	defer storage.EndFaults(storage.WatchFaults(), &err)
	type size struct {
		t dtype.Type
		n int
	}
	groups := map[size][]*mil.Const{}
	seen := map[*mil.Const]bool{}
	add := func(v *mil.Value) {
		if c := v.Const; c != nil && len(c.Data) >= minShared && !seen[c] {
			seen[c] = true
			k := size{c.DType, len(c.Data)}
			groups[k] = append(groups[k], c)
		}
	}
	for _, f := range s.program.Functions {
		each(f.Body, func(op *mil.Op) {
			for _, v := range op.Outputs {
				add(v)
			}
			for _, a := range op.Inputs {
				for _, v := range a.Values {
					add(v)
				}
			}
		})
	}
	for _, list := range groups {
		if len(list) < 2 {
			continue
		}
		first := map[[sha256.Size]byte][]byte{}
		hashes := map[*byte][sha256.Size]byte{} // what lies at the same place is read once
		for _, c := range list {
			if err := s.ctx.Err(); err != nil {
				return err
			}
			place := &c.Data[0]
			h, ok := hashes[place]
			if !ok {
				h = sha256.Sum256(c.Data)
				hashes[place] = h
			}
			if data, ok := first[h]; !ok {
				first[h] = c.Data
			} else if &data[0] != place && bytes.Equal(data, c.Data) {
				c.Data = data
			}
		}
	}
	return nil
}
