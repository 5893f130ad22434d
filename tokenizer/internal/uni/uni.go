// Package uni holds the Unicode data that tokenizers were trained with. It is pinned
// here, because the tables of the Go toolchain and of golang.org/x/text follow newer or
// older versions of Unicode and would split or normalize some texts differently.
//
// The reference is put together from parts that each bring a version of their own:
//
//	classes and properties in patterns        Unicode 16, Oniguruma 6.9.10
//	\w of the pre-tokenizer Whitespace        Rust's regex
//	lower case                                Rust's standard library
//	NFC, NFD, NFKC, NFKD, marks               Unicode 9, unicode-normalization-alignments
//	punctuation, controls, marks of BERT      Unicode 8, unicode_categories
//	scripts of UnicodeScripts                 a list in the reference itself
//
// gen.go packs them from what the reference answers for every code point; digests of
// those answers are in the tests of package normalizer.
package uni

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/binary"
	"io"
	"sync"
	"unicode/utf8"
)

// The bits of a class. A code point has every bit that applies to it.
const (
	Letter uint8 = 1 << iota // \p{L}
	Number                   // \p{N}
	Space                    // \s
	Upper                    // \p{Lu}, \p{Lt}, \p{Lm}, \p{Lo} or \p{M}
	Lower                    // \p{Ll}, \p{Lm}, \p{Lo} or \p{M}
	Mark                     // \p{M}
	Punct                    // \p{P}
	Symbol                   // \p{S}
)

const (
	blockBits = 7
	blockSize = 1 << blockBits
	numBlocks = (utf8.MaxRune + 1) >> blockBits
)

// Table maps code points to classes in two stages.
type Table struct {
	ascii  [128]uint8
	stage  [numBlocks]uint16
	blocks [][blockSize]uint8
}

// Class returns the class bits of r, none where r is not a code point.
func (t *Table) Class(r rune) uint8 {
	if uint32(r) < 128 {
		return t.ascii[r]
	}
	if uint32(r) > utf8.MaxRune {
		return 0
	}
	return t.blocks[t.stage[r>>blockBits]][r&(blockSize-1)]
}

// At returns the class and the length in bytes of the character that starts
// at s[i], which must be inside s.
func (t *Table) At(s string, i int) (class uint8, size int) {
	if c := s[i]; c < utf8.RuneSelf {
		return t.ascii[c], 1
	}
	r, n := utf8.DecodeRuneInString(s[i:])
	return t.Class(r), n
}

// Run returns the end of the run of characters from s[i] on that have one of
// the bits of want.
func (t *Table) Run(s string, i int, want uint8) int {
	for i < len(s) {
		c, n := t.At(s, i)
		if c&want == 0 {
			break
		}
		i += n
	}
	return i
}

// RunNot returns the end of the run of characters from s[i] on that have none
// of the bits of avoid.
func (t *Table) RunNot(s string, i int, avoid uint8) int {
	for i < len(s) {
		c, n := t.At(s, i)
		if c&avoid != 0 {
			break
		}
		i += n
	}
	return i
}

// Classes returns the class table. It is built on first use and shared.
func Classes() *Table { return classes() }

// classes is read when it is first needed.
var classes = sync.OnceValue(buildClasses)

// stored lists the bits that each stored class sets, in the order of gen.go.
var stored = [...]uint8{Letter, Number, Space, Upper, Lower, Upper, Upper | Lower, Upper | Lower, Mark | Upper | Lower, Punct, Symbol}

// buildClasses unpacks the classes of all characters into a table of two levels.
func buildClasses() *Table {
	r := open(classData)
	t := &Table{blocks: make([][blockSize]uint8, 1, 512)}
	for _, bits := range stored {
		last := uint64(0)
		for range r.next() {
			lo := last + r.next()
			hi := lo + r.next()
			last = hi
			for c := lo; c <= hi && c <= utf8.MaxRune; c++ {
				t.set(rune(c), bits)
			}
		}
	}
	copy(t.ascii[:], t.blocks[t.stage[0]][:])
	return t
}

// set adds bits to the class of r; block 0 is the shared empty block.
func (t *Table) set(r rune, bits uint8) {
	b := &t.stage[r>>blockBits]
	if *b == 0 {
		t.blocks = append(t.blocks, [blockSize]uint8{})
		*b = uint16(len(t.blocks) - 1)
	}
	t.blocks[*b][r&(blockSize-1)] |= bits
}

// reader reads the unsigned varints of a generated table.
type reader struct{ data []byte }

// open unpacks a generated constant. The constants are part of the program,
// so a failure cannot come from input; it leaves an empty table, which the
// tests of this package would show.
func open(text string) *reader {
	packed, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return &reader{}
	}
	data, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	if err != nil {
		return &reader{}
	}
	return &reader{data}
}

// next reads a number of variable length.
func (r *reader) next() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.data = nil
		return 0
	}
	r.data = r.data[n:]
	return v
}

// CharLen returns the length of the character at s[i]. A byte that is not part of one
// counts as a character of its own, as when a range goes over a string.
func CharLen(s string, i int) int {
	if s[i] < utf8.RuneSelf {
		return 1
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return n
}

// IsSpace reports whether r is white space.
func IsSpace(r rune) bool { return Classes().Class(r)&Space != 0 }

// IsPunctuation reports whether BERT takes r, which is of class c, for
// punctuation: in ASCII that is every symbol.
func IsPunctuation(c uint8, r rune) bool {
	if r < 0x80 {
		return c&(Punct|Symbol) != 0
	}
	return IsBertPunct(r)
}
