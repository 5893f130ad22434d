package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// processor is one step of a post-processor. It takes the encodings of a text
// or of a pair, which the next step and at last Encode join.
type processor struct {
	run func(list []*Encoding, addSpecial bool) []*Encoding
	// added is how many tokens it adds, for a text and for a pair.
	added [2]int
	// copies is how often it repeats a text at most.
	copies int
}

// postProcessor is the JSON of a post-processor, the fields of all types
// together.
type postProcessor struct {
	Type           string                     `json:"type"`
	Processors     []postProcessor            `json:"processors"`
	Single         []map[string]templateItem  `json:"single"`
	Pair           []map[string]templateItem  `json:"pair"`
	SpecialTokens  map[string]templateSpecial `json:"special_tokens"`
	Sep            json.RawMessage            `json:"sep"`
	CLS            json.RawMessage            `json:"cls"`
	AddPrefixSpace *bool                      `json:"add_prefix_space"`
	TrimOffsets    *bool                      `json:"trim_offsets"`
	UseRegex       *bool                      `json:"use_regex"`
}

// maxSpecial bounds the tokens that a post-processor adds, and maxCopies how
// often it repeats a text. Those in use add a few and repeat none.
const (
	maxSpecial    = 1 << 12
	maxCopies     = 4
	maxProcessors = 16
)

// checkIDs reports ids that cannot be tokens.
func checkIDs(ids []int) error {
	if len(ids) > maxSpecial {
		return errors.New("the post-processor adds too many tokens")
	}
	for _, id := range ids {
		if id < 0 || id > vocab.MaxID {
			return fmt.Errorf("the post-processor's token id %d is out of range", id)
		}
	}
	return nil
}

// steps flattens a post-processor.
func (p *postProcessor) steps(dst []processor) ([]processor, error) {
	if len(dst) > maxProcessors {
		return nil, errComponents
	}
	switch p.Type {
	case "Sequence":
		var err error
		for i := range p.Processors {
			if dst, err = p.Processors[i].steps(dst); err != nil {
				return nil, err
			}
		}
		return dst, nil
	case "ByteLevel":
		if !jsontext.IsSet(p.TrimOffsets) {
			return dst, nil
		}
		return append(dst, processor{run: func(list []*Encoding, _ bool) []*Encoding {
			for _, e := range list {
				e.trim(jsontext.IsSet(p.AddPrefixSpace))
			}
			return list
		}}), nil
	case "TemplateProcessing":
		return p.template(dst)
	case "RobertaProcessing", "BertProcessing":
		return p.bert(dst)
	}
	return nil, &fault.Unsupported{Component: "post-processor", Name: p.Type}
}

// readToken reads ["token", id].
func readToken(raw json.RawMessage) (templateSpecial, error) {
	var parts []json.RawMessage
	var id int
	var token string
	if err := json.Unmarshal(raw, &parts); err != nil {
		return templateSpecial{}, err
	}
	if len(parts) != 2 {
		return templateSpecial{}, errors.New("a token of the post-processor is not a pair")
	}
	err := errors.Join(json.Unmarshal(parts[0], &token), json.Unmarshal(parts[1], &id), checkIDs([]int{id}))
	return templateSpecial{IDs: []int{id}, Tokens: []string{token}}, err
}

// bert puts one token before the first text and one after each; that of
// RoBERTa has a second one before the second text and a single type.
func (p *postProcessor) bert(dst []processor) ([]processor, error) {
	cls, err := readToken(p.CLS)
	if err != nil {
		return nil, err
	}
	sep, err := readToken(p.Sep)
	if err != nil {
		return nil, err
	}
	roberta := p.Type == "RobertaProcessing"
	added := [2]int{2, 3}
	if roberta {
		added[1] = 4
	}
	return append(dst, processor{added: added, run: func(list []*Encoding, addSpecial bool) []*Encoding {
		for _, e := range list {
			if roberta && jsontext.IsSet(p.TrimOffsets) {
				e.trim(jsontext.IsSet(p.AddPrefixSpace))
			}
			if roberta {
				e.setType(0)
			}
		}
		if !addSpecial {
			return list
		}
		for i, e := range list {
			e.forgetSpecial()
			after := sep.encoding(min(i, 1))
			switch {
			case i == 0:
				list[i] = cls.encoding(0).join(e).join(after)
			case roberta:
				list[i] = sep.encoding(0).join(e).join(sep.encoding(0))
			default:
				list[i] = e.join(after)
			}
		}
		return list
	}}), nil
}

// forgetSpecial makes all tokens ones of the text, which those of a step before
// are for the post-processors of BERT and RoBERTa.
func (e *Encoding) forgetSpecial() {
	for i := range e.SpecialMask {
		e.SpecialMask[i], e.AttentionMask[i] = 0, 1
	}
	for _, o := range e.Overflowing {
		o.forgetSpecial()
	}
}

// encoding returns special tokens as an encoding.
func (s *templateSpecial) encoding(typeID int) *Encoding {
	e := &Encoding{}
	for i, id := range s.IDs {
		e.push(id, s.Tokens[i], Offsets{}, typeID, -1, 1)
	}
	return e
}

// process joins a text, or a pair, with the special tokens of the
// post-processor.
func (t *Tokenizer) process(a, b *Encoding, addSpecial bool) *Encoding {
	list := []*Encoding{a}
	if b != nil {
		list = append(list, b)
	}
	for i, e := range list {
		e.setType(i)
	}
	for _, p := range t.processors {
		if len(list) > 0 {
			list = p.run(list, addSpecial)
		}
	}
	return joined(list)
}

// finish is process for a text that may be too long for it.
func (t *Tokenizer) finish(a, b *Encoding, addSpecial bool) (*Encoding, error) {
	tokens := a.Len()
	if b != nil {
		tokens += b.Len()
	}
	copies := 1
	for _, p := range t.processors {
		copies = max(copies, p.copies)
	}
	if copies > 1 && tokens > 1<<21/copies {
		return nil, budget.ErrTokens
	}
	return t.process(a, b, addSpecial), nil
}

// joined joins encodings. Neighbours without overflowing parts become one first:
// a template has as many as it likes.
func joined(list []*Encoding) *Encoding {
	var out *Encoding
	for i := 0; i < len(list); {
		j := i + 1
		for len(list[i].Overflowing) == 0 && j < len(list) && len(list[j].Overflowing) == 0 {
			j++
		}
		e := list[i]
		if j > i+1 {
			e = concat(list[i:j])
		}
		if i = j; out == nil {
			out = e
		} else {
			out = out.join(e)
		}
	}
	if out == nil {
		out = &Encoding{}
	}
	return out
}

// PostProcess puts the special tokens of the post-processor around an encoding
// without any, or around a pair; second is nil for a single text, and a nil first
// is an empty one. It may change
// and keep the encodings that it gets. [Tokenizer.EncodePair]
// and the like have done it already.
func (t *Tokenizer) PostProcess(first, second *Encoding, addSpecial bool) *Encoding {
	if first == nil {
		first = newEncoding(0)
	}
	return t.made().process(first, second, addSpecial)
}

// SpecialCount returns how many tokens the post-processor adds to a text, or
// to a pair.
func (t *Tokenizer) SpecialCount(pair bool) int {
	n := 0
	for _, p := range t.made().processors {
		if pair {
			n += p.added[1]
		} else {
			n += p.added[0]
		}
	}
	return n
}

// readAffixes finds out what the post-processor puts around a text, so that
// Encode can do it without an [Encoding].
func (t *Tokenizer) readAffixes() {
	around := func(addSpecial bool) (before, after []int, plain bool) {
		probe := &Encoding{}
		probe.push(-1, "", Offsets{}, 0, 0, 0)
		ids := t.process(probe, nil, addSpecial).IDs
		at := slices.Index(ids, -1)
		if at < 0 || slices.Contains(ids[at+1:], -1) {
			return nil, nil, false
		}
		return ids[:at:at], ids[at+1:], true
	}
	var plain, bare bool
	t.before, t.after, plain = around(true)
	_, _, bare = around(false)
	t.intricate = t.intricate || !plain || !bare
}
