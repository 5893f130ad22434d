package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/decoder"
	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/pretokenizer"
	"github.com/gocoreml/coreml/tokenizer/internal/sentencepiece"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
)

// pieceNames are the names that SentencePiece files have beside a model.
var pieceNames = []string{"tokenizer.model", "spiece.model", "sentencepiece.model", "sentencepiece.bpe.model"}

// FileNames returns the names of the files that [Load] looks for in a directory:
// the first one that is there is the tokenizer. It also finds other names that end in
// .tiktoken, or that are of tekken.json with a date.
func FileNames() []string {
	return slices.Concat([]string{fileName, tekkenFile, pieceNames[0], ranksFile}, pieceNames[1:], rankNames[1:], []string{jsonFile, wordsFile})
}

// renumbered are classes of tokenizers that give the pieces of their file
// other ids, or add pieces of their own, which only their tokenizer.json tells.
var renumbered = []string{
	"XLMRoberta", "Camembert", "Barthez", "MBart", "MBart50", "Nllb", "XGLM", "Pegasus", "BigBird", "Reformer",
	"XLNet", "DebertaV2", "FNet", "Rembert", "RemBert", "Plbart", "M2M100", "SeamlessM4T", "Speech2Text", "BertGeneration",
	"CpmAnt", "Cpm", "Ernie", "Marian", "LayoutXLM", "Udop", "SpeechT5",
}

// isPieces reports whether a file is one of SentencePiece rather than JSON.
func isPieces(name string, data []byte) bool {
	if strings.HasSuffix(name, ".json") {
		return false
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\uFEFF")), " \t\r\n")
	return strings.HasSuffix(name, ".model") || len(text) == 0 || text[0] != '{'
}

// parsePieces builds a tokenizer from a SentencePiece file and what the files
// beside it say.
func parsePieces(data []byte, config *sideFiles) (*Tokenizer, error) {
	file, err := sentencepiece.Read(data)
	if err != nil {
		return nil, err
	}
	class := strings.TrimSuffix(strings.TrimSuffix(config.TokenizerClass, "Fast"), "Tokenizer")
	if slices.Contains(renumbered, class) {
		return nil, &fault.Unsupported{Component: "model", Name: config.TokenizerClass + " without tokenizer.json"}
	}
	m, err := file.ReadPieces()
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{special: map[int]bool{}, config: config.Config, gaps: true, vocab: m.Vocab, size: len(m.Kinds)}
	if t.model, err = file.NewModel(m); err != nil {
		return nil, err
	}
	text, err := sentencepiece.NewText(file.Rules, m, file.Suffix)
	if err != nil {
		return nil, err
	}
	text.Legacy = config.legacy == nil || *config.legacy
	t.stages = []pretokenizer.Stage{{Prepare: text.Prepare, Trace: text.Trace}}
	d, err := sentencepiece.NewDecoder(file, m)
	if err != nil {
		return nil, err
	}
	t.decoders = []decoder.Step{d.Step}
	for id, kind := range m.Kinds {
		if kind == sentencepiece.Control {
			t.special[id] = true
		}
	}
	if err := t.addPieceTokens(m, config); err != nil {
		return nil, err
	}
	return t, t.putAround(file, m, class)
}

// addPieceTokens adds the tokens that the files beside the model name. Without
// such files a control piece is not found in text, as SentencePiece itself
// never finds one.
func (t *Tokenizer) addPieceTokens(m *sentencepiece.Pieces, c *sideFiles) error {
	tokens, err := c.addedTokens()
	if err != nil {
		return err
	}
	known := make(map[string]bool, len(tokens))
	for i := range tokens {
		known[tokens[i].Content] = true
	}
	named := []string{c.BOSToken, c.EOSToken, c.UnkToken, c.PadToken, c.SepToken, c.CLSToken, c.MaskToken}
	for _, token := range append(named, c.AdditionalSpecialTokens...) {
		if id, ok := m.Vocab.Lookup(token); ok && !known[token] {
			known[token] = true
			tokens = append(tokens, added.Token{ID: int64(id), Content: token, Special: true})
		}
	}
	for i := range tokens {
		a := &tokens[i]
		if a.ID < 0 || a.ID > vocab.MaxID {
			return errors.New("the id of an added token is out of range")
		}
		a.Given = true
		a.Normalized = false
	}
	return t.addTokens(tokens)
}

// putAround sets what is put around a text: what tokenizer_config.json says,
// or what the class does, or else a beginning for BPE and an end for Unigram,
// the habits of the models that these files are made for.
func (t *Tokenizer) putAround(file *sentencepiece.File, m *sentencepiece.Pieces, class string) error {
	control := func(configured *string, name string) string {
		if *configured != "" {
			name = *configured
		}
		if id, ok := m.Vocab.Lookup(name); !ok || m.Kinds[id] != sentencepiece.Control {
			return ""
		}
		*configured = name
		return name
	}
	begin, end := control(&t.config.BOSToken, file.Bos), control(&t.config.EOSToken, file.Eos)
	withBegin, withEnd := file.Model == sentencepiece.ModelBPE, file.Model == sentencepiece.ModelUnigram
	switch class {
	case "T5", "MT5", "UMT5", "ByT5":
		withBegin, withEnd = false, true
	case "Llama", "CodeLlama", "Gemma", "Code":
		withBegin, withEnd = true, false
	case "Albert":
		withBegin, withEnd = true, true
		begin, end = control(&t.config.CLSToken, "[CLS]"), control(&t.config.SepToken, "[SEP]")
	}
	if add := t.config.AddBOSToken; add != nil {
		withBegin = *add
	}
	if add := t.config.AddEOSToken; add != nil {
		withEnd = *add
	}
	p := postProcessor{Type: "TemplateProcessing", SpecialTokens: map[string]templateSpecial{}}
	special := func(token string, with bool, typeID int) []map[string]templateItem {
		id, ok := t.TokenToID(token)
		if !with || token == "" || !ok {
			return nil
		}
		p.SpecialTokens[token] = templateSpecial{ID: token, IDs: []int{id}, Tokens: []string{token}}
		return []map[string]templateItem{{"SpecialToken": {ID: token, TypeID: typeID}}}
	}
	sequence := func(name string, typeID int) []map[string]templateItem {
		return []map[string]templateItem{{"Sequence": {ID: name, TypeID: typeID}}}
	}
	p.Single = slices.Concat(special(begin, withBegin, 0), sequence("A", 0), special(end, withEnd, 0))
	second := withBegin && class != "Albert"
	p.Pair = slices.Concat(p.Single, special(begin, second, 1), sequence("B", 1), special(end, withEnd, 1))
	var err error
	if t.processors, err = p.steps(nil); err == nil {
		t.readAffixes()
	}
	return err
}

// addedTokens returns the tokens that tokenizer_config.json lists by their ids,
// and those of added_tokens.json that it does not.
func (c *sideFiles) addedTokens() ([]added.Token, error) {
	byID := map[int64]added.Token{}
	if len(c.decoder) > 0 {
		if err := json.Unmarshal(c.decoder, &byID); err != nil {
			return nil, fmt.Errorf("added_tokens_decoder: %w", err)
		}
	}
	ids := map[string]int64{}
	if len(c.simple) > 0 {
		if err := json.Unmarshal(c.simple, &ids); err != nil {
			return nil, fmt.Errorf("added_tokens.json: %w", err)
		}
	}
	for token, id := range ids {
		if _, ok := byID[id]; !ok {
			byID[id] = added.Token{Content: token}
		}
	}
	tokens := make([]added.Token, 0, len(byID))
	for _, id := range slices.Sorted(maps.Keys(byID)) {
		a := byID[id]
		a.ID = id
		tokens = append(tokens, a)
	}
	return tokens, nil
}
