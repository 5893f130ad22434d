package tokenizer

import (
	"errors"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
)

// formatOf returns an error of a side file as one of the package.
func formatOf(err error) error {
	if e, ok := errors.AsType[*sidefiles.Error](err); ok {
		return &FormatError{File: e.File, Err: e.Err}
	}
	return err
}

// putAroundAs has the post-processor of the tokenizer's class, if there is one that goes
// before that of tokenizer.json, or that is alone.
func (t *Tokenizer) putAroundAs(side *sidefiles.Side, beside bool) error {
	raw, single, pair, err := side.Post(beside, func(token string) int { return t.idOr(token, side) })
	if err != nil {
		return formatOf(err)
	}
	if raw == nil && single == nil {
		return nil
	}
	t.processors, t.before, t.after = nil, nil, nil
	if raw != nil {
		return t.readPostProcessor(raw)
	}
	if len(single) == 1 {
		return nil // nothing is put around a text
	}
	return t.putParts(single, pair, side)
}

// putParts has a post-processor of these parts, as the classes of side files write them.
func (t *Tokenizer) putParts(single, pair []string, side *sidefiles.Side) (err error) {
	p := postProcessor{Type: "TemplateProcessing", SpecialTokens: map[string]templateSpecial{}}
	if p.Single, err = t.templateOf(&p, single, side); err != nil {
		return err
	}
	if p.Pair, err = t.templateOf(&p, pair, side); err != nil {
		return err
	}
	if t.processors, err = p.steps(nil); err == nil {
		t.readAffixes()
	}
	return err
}

// templateOf makes a template of parts.
func (t *Tokenizer) templateOf(p *postProcessor, parts []string, side *sidefiles.Side) (items []map[string]templateItem, err error) {
	for _, part := range parts {
		i := strings.LastIndex(part, ":")
		name, kind := part[:i], int(part[i+1]-'0')
		if name == "A" || name == "B" {
			items = append(items, map[string]templateItem{"Sequence": {ID: name, TypeID: kind}})
			continue
		}
		id, text, ok := t.partOf(name, side)
		if !ok {
			return nil, &FormatError{File: sidefiles.ConfigName, Err: errNoLanguage}
		}
		p.SpecialTokens[name] = templateSpecial{ID: name, IDs: []int{id}, Tokens: []string{text}}
		items = append(items, map[string]templateItem{"SpecialToken": {ID: name, TypeID: kind}})
	}
	return items, nil
}

// errNoLanguage is the cause of refusing a setting of Whisper.
var errNoLanguage = errors.New("language: its token is not in the vocabulary")

// partOf returns the id and the text of the token that a part of a template names. It
// reports false for one by its distance from another one that is not there.
func (t *Tokenizer) partOf(name string, side *sidefiles.Side) (id int, text string, ok bool) {
	if text, ok := side.Text(name); ok {
		return t.idOr(text, side), text, true
	}
	if shown, other, ok := strings.Cut(name, "="); ok {
		text, _ := side.Text(other)
		return t.idOr(text, side), shown, true
	}
	if base, n, ok := strings.Cut(name, "+"); ok {
		more, _ := strconv.Atoi(n) // the descriptions have numbers there
		id = t.idOr(base, side) + more
		text, ok = t.IDToToken(id)
		return id, text, ok
	}
	id = t.idOr(name, side)
	if text, ok := t.IDToToken(id); ok {
		return id, text, true
	}
	return id, name, true
}

// idOr returns the id of a token, that of the unknown token for one that is not there, as
// convert_tokens_to_ids of transformers does.
func (t *Tokenizer) idOr(token string, side *sidefiles.Side) int {
	if id, ok := t.TokenToID(token); ok {
		return id
	}
	id, _ := t.TokenToID(side.Named("unk_token"))
	return id
}
