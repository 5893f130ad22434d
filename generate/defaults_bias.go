package generate

import (
	"encoding/json"
	"errors"
	"fmt"
)

// biasList is sequence_bias: a list of pairs of a sequence and its bias. Of a sequence
// that comes twice the last bias counts, as in transformers.
type biasList []BiasedSequence

// UnmarshalJSON implements json.Unmarshaler.
func (l *biasList) UnmarshalJSON(data []byte) error {
	var pairs [][]json.RawMessage
	if err := json.Unmarshal(data, &pairs); err != nil {
		return err
	}
	places := map[string]int{}
	for i, p := range pairs {
		if len(p) != 2 {
			return fmt.Errorf("number %d is no pair", i)
		}
		var q BiasedSequence
		if err := errors.Join(json.Unmarshal(p[0], &q.Tokens), json.Unmarshal(p[1], &q.Bias)); err != nil {
			return err
		}
		key := fmt.Sprint(q.Tokens)
		if at, twice := places[key]; twice {
			(*l)[at] = q
			continue
		}
		places[key] = len(*l)
		*l = append(*l, q)
	}
	return nil
}
