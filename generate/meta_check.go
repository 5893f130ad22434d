package generate

import (
	"strconv"

	"github.com/gocoreml/coreml/coreml"
)

// check compares what meta.yaml says with the packages. What the caller's driver says
// itself is not asked of the file.
func (m anemllMeta) check(b *beside, d *Driver, stages []Stage) error {
	numbers := map[string]int{}
	for _, key := range []string{"context_length", "batch_size", "num_chunks", "split_lm_head", "vocab_size", "sliding_window", "attention_size", "state_length"} {
		n, err := b.number("model_info.parameters."+key, m.text(key))
		if err != nil {
			return err
		}
		numbers[key] = n
	}
	if whole := m.text("monolithic_model"); b.opened != "" && whole != "" && stemOf(whole) != stemOf(b.opened) && b.hasFile("", whole, false) == nil {
		return nil // the file is of another package in the folder
	}
	for _, key := range []string{"embeddings", "lm_head", "ffn", "monolithic_model"} {
		if err := b.hasFile("model_info.parameters."+key, m.text(key), key == "ffn"); err != nil {
			return err
		}
	}
	if n := numbers["num_chunks"]; n > 0 && len(stages) > 0 {
		if found := m.chunksOf(b, stages); found != n {
			return b.contradiction("model_info.parameters.num_chunks", strconv.Itoa(n), "the folder has %d chunks of layers", found)
		}
	}
	mask := "context_length" // masks and caches may be wider or narrower, which other keys say then
	for _, key := range []string{"state_length", "attention_size"} {
		if numbers[key] > 0 {
			mask = key
		}
	}
	for _, c := range []struct {
		key     string
		asked   bool
		compare func(field string, n int) error
	}{{mask, d.ContextLength == 0, b.context}, {"batch_size", true, b.block}, {"vocab_size", true, b.vocabulary}} {
		if n := numbers[c.key]; n > 0 && c.asked {
			if err := c.compare("model_info.parameters."+c.key, n); err != nil {
				return err
			}
		}
	}
	if d.Output == nil {
		if err := m.checkParts(b, numbers["split_lm_head"], numbers["vocab_size"]); err != nil {
			return err
		}
	}
	return m.checkWindow(b, d, numbers["sliding_window"])
}

// chunksOf counts the packages of layers: the names of a head's outputs may not tell it
// from them, but the file does.
func (m anemllMeta) chunksOf(b *beside, stages []Stage) int {
	n := 0
	for i := range stages {
		for k := range b.set {
			file := b.set[k].file
			ends := stemOf(file) == stemOf(m.text("embeddings")) || stemOf(file) == stemOf(m.text("lm_head"))
			if file == stages[i].Package && !ends && place(&b.set[k]) == middle {
				n++
			}
		}
	}
	return n
}

// checkParts compares the parts of the vocabulary with the outputs: with their number
// where there are several, and with the elements of an arg max.
func (m anemllMeta) checkParts(b *beside, parts, vocabulary int) error {
	const field = "model_info.parameters.split_lm_head"
	for i := range b.set {
		for _, d := range b.set[i].functions {
			found := 0
			for k := range d.Outputs {
				out := &d.Outputs[k]
				switch {
				case nameContains(out, "logits"):
					found++
				case nameContains(out, "argmax_idx") && m.text("argmax_in_model") == "true":
					found = elements(out)
				}
			}
			if parts > 0 && found > 1 && found != parts {
				return b.contradiction(field, strconv.Itoa(parts), "function %s of package %s gives %d parts", d.Function, b.name(i), found)
			}
		}
	}
	text := m.text("lm_head_chunk_sizes")
	if text == "" || text == "none" {
		return nil
	}
	sizes, sum := metaNumbers(text), 0
	for _, n := range sizes {
		sum += n
	}
	switch {
	case sizes == nil, parts > 0 && len(sizes) != parts:
		return b.contradiction("model_info.parameters.lm_head_chunk_sizes", text, "the parts are %d, as split_lm_head says", parts)
	case vocabulary > 0 && sum != vocabulary:
		return b.contradiction("model_info.parameters.lm_head_chunk_sizes", text, "together that is %d, and vocab_size is %d", sum, vocabulary)
	}
	return nil
}

// checkWindow compares the sliding window with the shortest cache, behind which other
// functions take over.
func (m anemllMeta) checkWindow(b *beside, d *Driver, window int) error {
	if len(b.set) != 1 || d.Rotation != nil || window <= 0 || len(rotatedFunctions(&b.set[0])) == 0 {
		return nil
	}
	shortest := 0
	for k := range b.set[0].functions[0].States {
		if n := stateLength(&b.set[0].functions[0].States[k]); n > 0 && (shortest == 0 || n < shortest) {
			shortest = n
		}
	}
	if shortest > 0 && shortest != window && hasShortState(b.set[0].functions[0], shortest) {
		return b.contradiction("model_info.parameters.sliding_window", strconv.Itoa(window), "the shortest cache has %d places", shortest)
	}
	return nil
}

// hasShortState reports whether one cache is shorter than another: the window's.
func hasShortState(d *coreml.Description, shortest int) bool {
	for k := range d.States {
		if stateLength(&d.States[k]) > shortest {
			return true
		}
	}
	return false
}
