package tokenizer

import (
	"fmt"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/normalizer"
)

// addTokens gives the added tokens their ids and makes the sets that find them.
//
// A token of the model's vocabulary keeps its id there; the others are numbered
// from the size of the vocabulary on, in the order of the file. The ids that
// the file gives say the same in any file that the reference has written, and
// the reference goes by the order where they do not.
func (t *Tokenizer) addTokens(tokens []added.Token) error {
	t.addedIDs = make(map[string]int, len(tokens))
	t.addedByID = make(map[int]*added.Token, len(tokens))
	next := t.vocab.Count
	var special, plain []*added.Token // each special one once
	isSpecial := map[string]bool{}
	for i := range tokens {
		if a := &tokens[i]; a.Special && !isSpecial[a.Content] {
			isSpecial[a.Content] = true
			special = append(special, a)
		}
	}
	known := map[added.Token]bool{}
	for i := range tokens {
		a := &tokens[i]
		same := *a
		same.ID = 0
		if a.Content == "" || known[same] {
			continue
		}
		known[same] = true
		if len(a.Content) > added.MaxAdded {
			return fmt.Errorf("added token of %d bytes, the limit is %d", len(a.Content), added.MaxAdded)
		}
		id, ok := t.TokenToID(a.Content)
		switch {
		case a.Given:
			id = int(a.ID)
		case !ok:
			id = next
			next++
		}
		t.addedIDs[a.Content] = id
		t.addedByID[id] = a // of several descriptions of a token the last one counts
		a.ID = int64(id)
		if isSpecial[a.Content] {
			t.special[id] = true
		} else {
			plain = append(plain, a)
		}
		t.size = max(t.size, id+1)
	}
	t.isAdded = make([]bool, t.size)
	for id := range t.addedByID {
		t.isAdded[id] = true
	}
	for id := range t.special {
		t.isAdded[id] = true
	}
	return t.findAdded(append(special, plain...))
}

// findAdded makes the sets that find added tokens in texts. Of several with one
// text the first one is found.
func (t *Tokenizer) findAdded(tokens []*added.Token) error {
	var sets [2][]*added.Token
	var texts [2][]string
	size := 0
	for _, a := range tokens {
		size += len(a.Content)
	}
	t.spelled = map[int]string{}
	// All of them share one budget: a file has many.
	var may budget.Budget
	may.Begin(nil, size)
	for _, a := range tokens {
		if a.Content == "" {
			continue
		}
		text, kind := a.Content, 0
		if a.Normalized {
			var err error
			if text, err = normalizer.Alone(&may, t.normalizers, text); err != nil {
				return err
			}
			if !may.Take(len(text)) {
				return may.Err
			}
			if text != a.Content {
				t.spelled[t.addedIDs[a.Content]] = text
			}
			kind = 1
		}
		sets[kind] = append(sets[kind], t.addedByID[t.addedIDs[a.Content]])
		texts[kind] = append(texts[kind], text)
	}
	for kind := range t.added {
		t.added[kind] = added.NewSet(sets[kind], texts[kind])
	}
	return nil
}
