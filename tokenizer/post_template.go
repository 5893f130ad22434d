package tokenizer

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/tokenizer/internal/fault"
)

// templateItem is the JSON of a part of a template.
type templateItem struct {
	ID     string `json:"id"`
	TypeID int    `json:"type_id"`
}

// templateSpecial is the JSON of special tokens that a template names.
type templateSpecial struct {
	ID     string   `json:"id"`
	IDs    []int    `json:"ids"`
	Tokens []string `json:"tokens"`
}

// templatePart is a part of a template: the text 0 or 1, or special tokens.
type templatePart struct {
	text    int // -1 for special tokens
	typeID  int
	special templateSpecial
}

// template reads a template for a text and one for a pair.
func (p *postProcessor) template(dst []processor) ([]processor, error) {
	single, nSingle, err := p.parts(p.Single)
	if err != nil {
		return nil, err
	}
	pair, nPair, err := p.parts(p.Pair)
	if err != nil {
		return nil, err
	}
	for _, part := range single {
		if part.text == 1 {
			return nil, errors.New("the template for one text has a second one")
		}
	}
	copies := max(repeats(single), repeats(pair))
	if copies > maxCopies {
		return nil, errors.New("the post-processor's template repeats a text too often")
	}
	return append(dst, processor{added: [2]int{nSingle, nPair}, copies: copies, run: func(list []*Encoding, addSpecial bool) []*Encoding {
		parts := single
		if len(list) > 1 {
			parts = pair
		}
		var out []*Encoding
		for _, part := range parts {
			switch {
			case part.text < 0 && addSpecial:
				out = append(out, part.special.encoding(part.typeID))
			case part.text >= 0:
				// Text and pair are all there is; a template behind another
				// one gets what that one made in more parts.
				e := list[min(part.text, len(list)-1)]
				e.setType(part.typeID)
				whole := e
				if copies > 1 {
					whole = e.part(0, e.Len())
					whole.Overflowing = e.Overflowing
				}
				out = append(out, whole)
			}
		}
		return out
	}}), nil
}

// repeats returns how often a template has the text that it has most often.
func repeats(parts []templatePart) int {
	var n [2]int
	for _, part := range parts {
		if part.text >= 0 {
			n[part.text]++
		}
	}
	return max(n[0], n[1])
}

// parts reads one template and counts the tokens that it adds.
func (p *postProcessor) parts(items []map[string]templateItem) (parts []templatePart, added int, err error) {
	if len(items) > maxSpecial {
		return nil, 0, errors.New("the post-processor's template is too long")
	}
	for _, item := range items {
		for kind, body := range item {
			part := templatePart{text: -1, typeID: body.TypeID}
			switch kind {
			case "Sequence":
				if body.ID != "A" && body.ID != "B" {
					return nil, 0, fmt.Errorf("the post-processor's template has a text %q", fault.Clip(body.ID))
				}
				part.text = int(body.ID[0] - 'A')
			case "SpecialToken":
				special, ok := p.SpecialTokens[body.ID]
				if !ok {
					return nil, 0, fmt.Errorf("the post-processor's token %q is not defined", fault.Clip(body.ID))
				}
				if special.Tokens == nil && len(special.IDs) <= maxSpecial {
					special.Tokens = slices.Repeat([]string{body.ID}, len(special.IDs))
				}
				if len(special.Tokens) != len(special.IDs) {
					return nil, 0, fmt.Errorf("the post-processor's token %q has %d ids for %d tokens", fault.Clip(body.ID), len(special.IDs), len(special.Tokens))
				}
				if added += len(special.IDs); added > maxSpecial {
					return nil, 0, errors.New("the post-processor adds too many tokens")
				}
				if err := checkIDs(special.IDs); err != nil {
					return nil, 0, err
				}
				part.special = special
			default:
				return nil, 0, &fault.Unsupported{Component: "post-processor", Name: "TemplateProcessing item " + kind}
			}
			parts = append(parts, part)
		}
	}
	return parts, added, nil
}
