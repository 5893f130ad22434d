package jinja

import (
	"slices"
	"strings"
)

// blockSize is the length from which a builder keeps what it has as a block of
// its own, so that a long text is not copied each time it grows.
const blockSize = fastPiece

// writeCost is what writing a piece costs beside its bytes. Steps are taken for
// many pieces at once, because most are short.
const writeCost = 1 << copyShift

// builder is a strings.Builder whose text is paid for before it is written. Small
// writes go into one buffer. A write of blockSize or more becomes a block by itself
// and is not copied until the end, which matters for prompts of many megabytes.
type builder struct {
	in     *interp
	buf    strings.Builder
	blocks []string
	size   int // of the blocks
	pieces int // how many texts were written
	owed   int // bytes that the steps were not taken for yet
}

// The bytes are taken first, so that a text that is too long is not even begun.
// Steps are collected: most pieces of a template have a few bytes, and taking steps
// for each would cost more than the writing.
func (b *builder) write(s string) error {
	if b.in.bytes < len(s) {
		return b.in.charge(len(s))
	}
	b.in.bytes -= len(s)
	if b.owed += len(s) + writeCost; b.owed >= fastPiece>>4 {
		if err := b.in.spend(b.owed >> copyShift); err != nil {
			return err
		}
		b.owed = 0
	}
	// What is kept as a block is not copied until text joins them.
	b.pieces++
	if len(s) < blockSize {
		b.buf.WriteString(s)
	}
	if b.buf.Len() >= blockSize || len(s) >= blockSize {
		b.flush()
	}
	if len(s) >= blockSize {
		b.blocks = append(b.blocks, s)
		b.size += len(s)
	}
	return nil
}

// flush makes a block of what was written since the last one. strings.Builder gives
// its buffer away with String, so nothing is copied here.
func (b *builder) flush() {
	if b.buf.Len() > 0 {
		b.blocks = append(b.blocks, b.buf.String())
		b.size += b.buf.Len()
		b.buf.Reset()
	}
}

// writeTimes writes s n times.
func (b *builder) writeTimes(s string, n int64) error {
	if n <= 0 || s == "" {
		return nil
	}
	if n > int64(b.in.bytes)/int64(len(s)) {
		// The product may overflow, so it is not computed: a division tells.
		return b.in.charge(-1)
	}
	// A piece of many repetitions, many times, is quicker than the single one.
	if k := min(n, int64(max(slowPiece/len(s), 1))); k > 1 {
		for many := strings.Repeat(s, int(k)); n >= k; n -= k {
			if err := b.write(many); err != nil {
				return err
			}
		}
	}
	for ; n > 0; n-- {
		if err := b.write(s); err != nil {
			return err
		}
	}
	return nil
}

// text returns what was written. It joins the blocks piece by piece. One block is
// handed out as it is. The memory of the joined text was paid for when its parts
// were written, and only the time is looked at here.
func (b *builder) text() (string, error) {
	if len(b.blocks) == 0 {
		return b.buf.String(), nil
	}
	b.flush()
	if len(b.blocks) == 1 {
		return b.blocks[0], nil
	}
	var all strings.Builder
	all.Grow(b.size)
	for _, block := range b.blocks {
		for len(block) > 0 {
			n := min(len(block), fastPiece)
			if err := b.in.look(false); err != nil {
				return "", err
			}
			all.WriteString(block[:n])
			block = block[n:]
		}
	}
	return all.String(), nil
}

// concat returns texts joined. Short texts, which are nearly all, go through
// strings.Join: it knows the length and allocates once.
func (in *interp) concat(texts ...string) (string, error) {
	total := 0
	for _, s := range texts {
		total += len(s)
	}
	if total < blockSize {
		return strings.Join(texts, ""), in.charge(total)
	}
	b := builder{in: in}
	for _, s := range texts {
		if err := b.write(s); err != nil {
			return "", err
		}
	}
	return b.text()
}

// itemsPiece is how many items are copied between two looks at the context. A copy
// of so many takes as long as one of fastPiece bytes.
const itemsPiece = fastPiece / itemBytes

// copyItems returns lists joined in a new one, which is paid for. Lists of a
// template never share memory that one of them could grow into: append on a shared
// tail would show in the other.
func (in *interp) copyItems(lists ...[]Value) ([]Value, error) {
	total := 0
	for _, l := range lists {
		total += len(l)
	}
	if err := in.charge(listBytes + itemBytes*total); err != nil {
		return nil, err
	}
	out := make([]Value, 0, total)
	for _, l := range lists {
		for part := range slices.Chunk(l, itemsPiece) {
			// The memory is paid for above; this is for the context alone.
			if err := in.every(len(out)); err != nil {
				return nil, err
			}
			out = append(out, part...)
		}
	}
	return out, nil
}

// every looks at the context once in a while in a loop whose work was paid for
// before; i counts its rounds. The first is not looked at.
func (in *interp) every(i int) error {
	if i == 0 || i%itemsPiece != 0 {
		return nil
	}
	return in.look(false)
}

// join writes values with sep between them. Any value may be among them and is
// written as str writes it, as the filter join does; the method join of a text
// refuses others before it comes here.
func (in *interp) join(items []Value, sep string) (string, error) {
	b := builder{in: in}
	for i, item := range items {
		if err := in.spend(1); err != nil {
			return "", err
		}
		if i > 0 {
			if err := b.write(sep); err != nil {
				return "", err
			}
		}
		text, err := in.str(item)
		if err != nil {
			return "", err
		}
		if err := b.write(text); err != nil {
			return "", err
		}
	}
	return b.text()
}
