package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
)

// postProcessor is the JSON of a post-processor, the fields of all types
// together. Only the form for a single text is used.
type postProcessor struct {
	Type          string                     `json:"type"`
	Processors    []postProcessor            `json:"processors"`
	Single        []map[string]templateItem  `json:"single"`
	SpecialTokens map[string]templateSpecial `json:"special_tokens"`
	Sep           json.RawMessage            `json:"sep"`
	CLS           json.RawMessage            `json:"cls"`
}

type templateItem struct {
	ID string `json:"id"`
}

type templateSpecial struct {
	IDs []int `json:"ids"`
}

// checkIDs reports ids that cannot be tokens.
func checkIDs(ids []int) error {
	for _, id := range ids {
		if id < 0 || id > maxID {
			return fmt.Errorf("the post-processor's token id %d is out of range", id)
		}
	}
	return nil
}

// affixes returns the ids that go before and after a text.
func (p *postProcessor) affixes() (before, after []int, err error) {
	switch p.Type {
	case "Sequence":
		for i := range p.Processors {
			b, a, err := p.Processors[i].affixes()
			if err != nil {
				return nil, nil, err
			}
			before = append(append([]int(nil), b...), before...)
			after = append(after, a...)
		}
		return before, after, nil
	case "ByteLevel":
		// It only moves offsets.
		return nil, nil, nil
	case "TemplateProcessing":
		return p.template()
	case "RobertaProcessing", "BertProcessing":
		cls, err := readTokenID(p.CLS)
		if err != nil {
			return nil, nil, err
		}
		sep, err := readTokenID(p.Sep)
		if err != nil {
			return nil, nil, err
		}
		return []int{cls}, []int{sep}, nil
	}
	return nil, nil, &UnsupportedError{Component: "post-processor", Name: p.Type}
}

// readTokenID reads ["token", id].
func readTokenID(raw json.RawMessage) (int, error) {
	var parts []json.RawMessage
	var id int
	if err := json.Unmarshal(raw, &parts); err != nil {
		return 0, err
	}
	if len(parts) != 2 {
		return 0, errors.New("a token of the post-processor is not a pair")
	}
	err := json.Unmarshal(parts[1], &id)
	return id, err
}

func (p *postProcessor) template() (before, after []int, err error) {
	seen := false
	for _, item := range p.Single {
		for kind, body := range item {
			switch kind {
			case "Sequence":
				if seen {
					return nil, nil, &UnsupportedError{Component: "post-processor", Name: "TemplateProcessing with a repeated sequence"}
				}
				seen = true
			case "SpecialToken":
				ids, ok := p.SpecialTokens[body.ID]
				if !ok {
					return nil, nil, fmt.Errorf("the post-processor's token %q is not defined", body.ID)
				}
				if seen {
					after = append(after, ids.IDs...)
				} else {
					before = append(before, ids.IDs...)
				}
			default:
				return nil, nil, &UnsupportedError{Component: "post-processor", Name: "TemplateProcessing item " + kind}
			}
		}
	}
	if !seen {
		return nil, nil, &UnsupportedError{Component: "post-processor", Name: "TemplateProcessing without a sequence"}
	}
	return before, after, nil
}
