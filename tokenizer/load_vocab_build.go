package tokenizer

import (
	"slices"

	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
)

// finish gives a tokenizer all but its model: the steps of its class or those of the
// vocabulary itself, the added tokens, and what it puts around a text.
func (b *builder) finish() error {
	sections := map[string][]byte{}
	if b.pattern != "" {
		sections["pre_tokenizer"] = []byte(sidefiles.SplitBytes(b.pattern, "false"))
		sections["decoder"] = []byte(`{"type":"ByteLevel"}`)
	} else {
		made, err := b.sections()
		if err != nil {
			return err
		}
		sections["normalizer"], sections["pre_tokenizer"], sections["decoder"] = made.Normalizer, made.PreTokenizer, made.Decoder
	}
	if err := b.t.readSteps(sections); err != nil {
		return err
	}
	if err := b.t.addAll(b.first, b.side.Side); err != nil {
		return err
	}
	var err error
	if b.t.cleans, err = b.side.cleans(b.t.model); err != nil {
		return err
	}
	if b.pattern == "" {
		b.t.setDecoding(b.side.Side)
	}
	return b.putAround()
}

// putAround sets the post-processor: that of the class, or what the settings of that name
// say about the beginning and the end.
func (b *builder) putAround() error {
	if err := b.t.putAroundAs(b.side.Side, false); err != nil || len(b.t.processors) > 0 {
		return err
	}
	begin, end := []string{"bos_token:0"}, []string{"eos_token:0"}
	if !b.adds("add_bos_token", b.begins, "bos_token") {
		begin = nil
	}
	if !b.adds("add_eos_token", false, "eos_token") {
		end = nil
	}
	single := slices.Concat(begin, []string{"A:0"}, end)
	pair := slices.Concat(single, typed(begin), []string{"B:1"}, typed(end))
	return b.t.putParts(single, pair, b.side.Side)
}

// typed returns parts of the second text.
func typed(parts []string) (second []string) {
	for _, part := range parts {
		second = append(second, part[:len(part)-1]+"1")
	}
	return second
}

// adds reads a setting of a token around a text, which needs that token.
func (b *builder) adds(setting string, value bool, name string) bool {
	if !b.deaf {
		_ = b.side.Value(setting, &value) // anything but a truth value leaves it
	}
	return value && b.side.Named(name) != ""
}
