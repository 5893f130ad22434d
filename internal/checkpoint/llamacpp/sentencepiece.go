package llamacpp

import (
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"
)

// maxSplits bounds the work of finding merges: the squares of the tokens' lengths add up to
// some millions in vocabularies in use.
const maxSplits = 1 << 30

// space is what SentencePiece writes for a space.
const space = "\u2581"

// sentencePiece returns the sections of tokenizer.json for SentencePiece's byte pair
// encoding, which knows scores of tokens where tokenizer.json has a list of merges.
func (v *vocabulary) sentencePiece() (map[string]any, error) {
	if v.scores == nil {
		return nil, fmt.Errorf("%w: tokenizer.ggml.scores is no list of scores", ErrModel)
	}
	merges, err := v.scoredMerges()
	if err != nil {
		return nil, err
	}
	replace := func(from, to string) map[string]any {
		return map[string]any{"type": "Replace", "pattern": map[string]any{"String": from}, "content": to}
	}
	var normalizers []any
	decoders := []any{replace(space, " "), map[string]any{"type": "ByteFallback"}, map[string]any{"type": "Fuse"}}
	if v.spaceBefore {
		normalizers = append(normalizers, map[string]any{"type": "Prepend", "prepend": space})
		decoders = append(decoders, map[string]any{"type": "Strip", "content": " ", "start": 1, "stop": 0})
	}
	var unknown any
	if v.unk >= 0 {
		unknown = v.tokens[v.unk]
	}
	return map[string]any{
		"normalizer":    map[string]any{"type": "Sequence", "normalizers": append(normalizers, replace(" ", space))},
		"pre_tokenizer": nil,
		"decoder":       map[string]any{"type": "Sequence", "decoders": decoders},
		"model": map[string]any{
			"type": "BPE", "dropout": nil, "unk_token": unknown, "continuing_subword_prefix": nil, "end_of_word_suffix": nil,
			"fuse_unk": true, "byte_fallback": true, "ignore_merges": false, "vocab": v.vocab(), "merges": merges,
		},
	}, nil
}

// scoredMerges returns every way to make a token of two others, that of the best score
// first: SentencePiece merges the pair whose token has the best one.
func (v *vocabulary) scoredMerges() ([][2]string, error) {
	ids := v.vocab()
	usable := func(id int) bool { k := v.kind(id); return k == normalToken || k == userToken || k == unusedToken }
	type merge struct {
		left, right int
		score       float64
	}
	var merges []merge
	work := 0
	for id, t := range v.tokens {
		if !usable(id) || ids[t] != id {
			continue
		}
		if work += len(t) * len(t); work > maxSplits || len(merges) > maxMerges {
			return nil, fmt.Errorf("%w: its tokens can be cut in two in too many ways", ErrModel)
		}
		from := len(merges)
		for i := range t {
			if i == 0 {
				continue
			}
			left, ok := ids[t[:i]]
			right, ok2 := ids[t[i:]]
			if ok && ok2 && usable(left) && usable(right) {
				merges = append(merges, merge{left, right, v.scores[id]})
			}
		}
		slices.SortFunc(merges[from:], func(a, b merge) int { return cmp.Or(cmp.Compare(a.left, b.left), cmp.Compare(a.right, b.right)) })
	}
	length := make([]int, len(v.tokens))
	for i, t := range v.tokens {
		length[i] = utf8.RuneCountInString(t)
	}
	slices.SortStableFunc(merges, func(a, b merge) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(length[b.left], length[a.left]), cmp.Compare(length[b.right], length[a.right]))
	})
	out := make([][2]string, len(merges))
	for i, m := range merges {
		out[i] = [2]string{v.tokens[m.left], v.tokens[m.right]}
	}
	return out, nil
}
