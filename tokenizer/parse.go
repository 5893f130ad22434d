package tokenizer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/decoder"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/normalizer"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
	"github.com/gocoreml/coreml/tokenizer/internal/pretokenizer"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
)

// readSections finds the sections of a tokenizer.json.
func readSections(data []byte) (map[string][]byte, error) {
	return jsontext.Sections(data, func(name string, raw []byte) error {
		if !jsontext.Allowed(fileFields, name) && !jsontext.IsNull(raw) {
			return &fault.Unsupported{Component: "option", Name: name}
		}
		return nil
	})
}

// parse builds a tokenizer from the text of tokenizer.json and what the files beside it
// say.
func parse(data []byte, side *sideFiles) (*Tokenizer, error) {
	sections, err := readSections(data)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{special: map[int]bool{}}
	if err := t.readPadding(sections["padding"]); err != nil {
		return nil, err
	}
	tokens, err := readAdded(sections["added_tokens"])
	if err != nil {
		return nil, err
	}
	side.files.ByteLevel = bytes.Contains(data, []byte(`"ByteLevel"`))
	if err := side.resolve(tokens, t.padding); err != nil {
		return nil, err
	}
	t.config = side.Config
	found := model.Find(sections["model"])
	made, err := side.Sections(&sidefiles.Source{
		Model: cmp.Or(found.Type(), "BPE"), Normalizer: sections["normalizer"], Place: found.Place,
		Has: func(token string) bool { return bytes.Contains(sections["model"], []byte(strconv.Quote(token))) },
	})
	if err != nil {
		return nil, formatOf(err)
	}
	var small []byte
	if made != nil {
		small, tokens = made.Model, nil
		sections["normalizer"], sections["pre_tokenizer"], sections["decoder"] = made.Normalizer, made.PreTokenizer, made.Decoder
	}
	if err := t.readSteps(sections); err != nil {
		return nil, err
	}
	if err := t.readTruncation(sections["truncation"]); err != nil {
		return nil, err
	}
	if err := t.readModel(found, small); err != nil {
		return nil, err
	}
	if fixed := side.FixedPattern(sections["pre_tokenizer"], side.files.Model, t.vocab.Count); fixed != nil {
		sections["pre_tokenizer"] = fixed
		if err := cmp.Or(t.readSteps(sections), t.readModel(found, small)); err != nil {
			return nil, err
		}
	}
	if t.cleans, err = side.cleans(t.model); err != nil {
		return nil, err
	}
	if err := t.addAll(tokens, side.Side); err != nil {
		return nil, err
	}
	t.setDecoding(side.Side)
	return t, t.putAroundAs(side.Side, !jsontext.IsNull(sections["post_processor"]))
}

// readModel reads the model, with other small fields if there are some.
func (t *Tokenizer) readModel(section *model.Section, small []byte) (err error) {
	drops := slices.ContainsFunc(t.normalizers, func(n normalizer.Step) bool { return n.Drops })
	if drops && slices.ContainsFunc(t.stages, func(sg pretokenizer.Stage) bool { return sg.Placed }) {
		t.intricate = true
	}
	last := len(t.stages) - 1
	alphabet := last >= 0 && t.stages[last].Alphabet
	for _, st := range t.stages[:max(last, 0)] {
		// Text that is already in the alphabet is mapped a second time.
		alphabet = alphabet && !st.Alphabet
	}
	if t.model, t.raw, err = section.Read(small, alphabet); err == nil {
		t.vocab = t.model.Tokens()
		t.size = len(t.vocab.Spans)
	}
	return err
}

// The components that a section may have. Each looks at every text, and each
// stage of a pre-tokenizer has memory of its own. Those in use have less than a
// hundred, and less than ten stages.
const (
	maxComponents = 1 << 10
	maxStages     = 1 << 6
)

// errComponents is the cause of loading a file with more.
var errComponents = errors.New("too many components")

// readSteps reads the small sections of the file.
func (t *Tokenizer) readSteps(sections map[string][]byte) error {
	var c pattern.Compiler
	if raw := sections["normalizer"]; !jsontext.IsNull(raw) {
		var n normalizer.Spec
		err := readComponent(raw, "normalizers", normalizer.Fields, &n)
		if err == nil {
			t.normalizers, err = n.Steps(nil, &c)
		}
		if err != nil {
			return fmt.Errorf("normalizer: %w", err)
		}
	}
	if raw := sections["pre_tokenizer"]; !jsontext.IsNull(raw) {
		var p pretokenizer.Spec
		err := readComponent(raw, "pretokenizers", pretokenizer.Fields, &p)
		if err == nil {
			t.stages, err = p.Stages(nil, &c)
		}
		if err == nil && len(t.stages) > maxStages {
			err = errComponents
		}
		if err != nil {
			return fmt.Errorf("pre-tokenizer: %w", err)
		}
	}
	if err := t.readPostProcessor(sections["post_processor"]); err != nil {
		return err
	}
	if raw := sections["decoder"]; !jsontext.IsNull(raw) {
		var d decoder.Spec
		err := readComponent(raw, "decoders", decoder.Fields, &d)
		if err == nil {
			t.decoders, err = d.Steps([]decoder.Step{}, &c)
		}
		if err != nil {
			return fmt.Errorf("decoder: %w", err)
		}
		t.bytesOnly = d.Type == "ByteLevel"
		if d.Type == "Metaspace" {
			t.writer, _ = d.Spaces() // its error is that of the step above
		}
	}
	return nil
}

// readPostProcessor reads the section of that name.
func (t *Tokenizer) readPostProcessor(raw []byte) error {
	if jsontext.IsNull(raw) {
		return nil
	}
	var p postProcessor
	err := readComponent(raw, "processors", postProcessorFields, &p)
	if err == nil {
		t.processors, err = p.steps(nil)
	}
	if err != nil {
		return fmt.Errorf("post-processor: %w", err)
	}
	t.readAffixes()
	return nil
}

// readComponent reads one of the small sections.
func readComponent(raw []byte, list string, known map[string]string, v any) error {
	left := maxComponents
	raw, err := addTypes(raw, list, known, maxNesting, &left)
	if err != nil {
		return err
	}
	return errors.Join(json.Unmarshal(raw, v), checkFields(raw, known))
}

// readAdded reads the added tokens.
func readAdded(raw []byte) ([]added.Token, error) {
	if jsontext.IsNull(raw) {
		return nil, nil
	}
	var tokens []added.Token
	if err := strictly("added_tokens", raw, &tokens); err != nil {
		return nil, err
	}
	return tokens, nil
}
