package tokenizer

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/uni"
)

// precompiled is SentencePiece's compiled table of replacements: a double
// array trie (the format of darts-clone) that leads to texts which end with a
// zero byte.
type precompiled struct {
	units []uint32
	texts string
}

// errCharsMap is the cause of loading a malformed table.
var errCharsMap = errors.New("malformed precompiled_charsmap")

func readCharsMap(text string) (*precompiled, error) {
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) < 4 {
		return nil, errCharsMap
	}
	return readTable(data)
}

// readTable reads a table of at least four bytes, which are its size.
func readTable(data []byte) (*precompiled, error) {
	size := int64(binary.LittleEndian.Uint32(data))
	data = data[4:]
	if size%4 != 0 || size > int64(len(data)) {
		return nil, errCharsMap
	}
	p := &precompiled{units: make([]uint32, size/4), texts: string(data[size:])}
	for i := range p.units {
		p.units[i] = binary.LittleEndian.Uint32(data[4*i:])
	}
	return p, nil
}

// replacement returns what takes the place of the shortest beginning of s that
// the table has. The whole of s is replaced by it, as in the reference.
func (p *precompiled) replacement(may *budget, s string) (string, bool) {
	if len(p.units) == 0 {
		return "", false
	}
	at := offset(p.units[0])
	for i := range len(s) {
		at ^= uint32(s[i])
		if int64(at) >= int64(len(p.units)) || s[i] == 0 {
			return "", false
		}
		unit := p.units[at]
		if unit&(1<<31|0xff) != uint32(s[i]) {
			return "", false
		}
		at ^= offset(unit)
		if unit>>8&1 == 0 {
			continue
		}
		if int64(at) >= int64(len(p.units)) {
			return "", false
		}
		start := int64(p.units[at] & (1<<31 - 1))
		if start > int64(len(p.texts)) {
			return "", false
		}
		text, _, _ := strings.Cut(p.texts[start:], "\x00")
		may.spend(len(text) / 8)
		return text, true
	}
	return "", false
}

// offset returns the part of a unit that leads to its children.
func offset(unit uint32) uint32 { return unit >> 10 << (unit >> 6 & 8) }

// each calls f with the parts of s in order: a cluster or a character that the
// table replaces, or a character that it does not.
func (p *precompiled) each(may *budget, s string, f func(part, with string, replaced bool)) {
	for len(s) > 0 && may.err == nil {
		n := cluster(s)
		may.spend(n)
		if n < 6 {
			if text, ok := p.replacement(may, s[:n]); ok {
				f(s[:n], text, true)
				s = s[n:]
				continue
			}
		}
		for end := len(s) - n; len(s) > end && may.spend(1); {
			size := uni.CharLen(s, 0)
			text, ok := p.replacement(may, s[:size])
			f(s[:size], text, ok)
			s = s[size:]
		}
	}
}

func (p *precompiled) normalize(may *budget, s string) string {
	var b strings.Builder
	b.Grow(len(s))
	p.each(may, s, func(part, with string, replaced bool) {
		if !replaced {
			with = part
		}
		if may.fits(b.Len() + len(with)) {
			b.WriteString(with)
		}
	})
	return b.String()
}

// trace is normalize with the places of the original. As in the reference, the
// characters of a replacement take the places of those before it one by one,
// and what is replaced by nothing is counted with the character before it.
func (p *precompiled) trace(a *aligned) {
	dest := make([]uni.Change, 0, len(a.text))
	modified := false
	p.each(a.may, a.text, func(part, with string, replaced bool) {
		if !replaced {
			r, _ := utf8.DecodeRuneInString(part)
			dest = append(dest, uni.Change{Rune: r})
			return
		}
		modified = true
		// A character has four bytes at most.
		if !a.may.spend(len(with)/4) || !a.may.fits(len(dest)+len(with)/utf8.UTFMax) {
			return
		}
		for _, r := range with {
			dest = append(dest, uni.Change{Rune: r})
		}
		diff := utf8.RuneCountInString(with) - utf8.RuneCountInString(part)
		for i := range max(diff, 0) {
			dest[len(dest)-1-i].Delta = 1
		}
		if diff < 0 && len(dest) > 0 {
			dest[len(dest)-1].Delta += int32(diff)
		}
	})
	if a.may.err == nil && modified {
		a.transform(dest, 0)
	}
}

// cluster returns the length of the grapheme at the start of s, as far as
// graphemes of less than six bytes go, the only ones that the table is asked
// for: a character with its marks and joiners, or a line break of two.
func cluster(s string) int {
	if strings.HasPrefix(s, "\r\n") {
		return 2
	}
	r, n := utf8.DecodeRuneInString(s)
	if r < ' ' || r >= 0x7f && r < 0xa0 || r == 0xad || r >= 0x200b && r <= 0x200f && r != 0x200c && r != 0x200d || r == 0x2028 || r == 0x2029 {
		return n
	}
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if r < 0x300 || r != 0x200c && r != 0x200d && uni.Classes().Class(r)&uni.Mark == 0 {
			break
		}
		n += size
	}
	return n
}
