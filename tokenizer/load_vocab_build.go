package tokenizer

import (
	"encoding/json"
	"errors"
	"os"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/added"
	"github.com/gocoreml/coreml/tokenizer/internal/sidefiles"
)

// finish gives a tokenizer all but its model: the steps of its class, the added tokens,
// and what it puts around a text.
func (b *builder) finish() error {
	sections := map[string][]byte{}
	for name, text := range map[string]string{"normalizer": b.class.normalizer, "pre_tokenizer": b.class.pre, "decoder": b.class.decoder} {
		if text != "" {
			sections[name] = b.expand(text)
		}
	}
	if err := b.t.readSteps(sections); err != nil {
		return err
	}
	if err := b.t.addTokens(b.tokens()); err != nil {
		return err
	}
	b.tell()
	var err error
	if b.t.cleans, err = b.side.cleans(b.t.model); err != nil {
		return err
	}
	b.t.setDecoding(b.side.Side)
	return b.putAround()
}

// tokens returns the added tokens in the order in which they get ids
// (TokenizersBackend.__init__ of transformers). Those of the vocabulary keep the id there.
func (b *builder) tokens() []added.Token {
	list := append([]added.Token(nil), b.first...)
	named := b.named()
	special := map[string]bool{}
	for _, a := range named {
		special[a.Content] = true
	}
	for _, a := range b.extra {
		special[a.Content] = special[a.Content] || b.class.extraSpecial
	}
	known := map[string]bool{}
	for i := range list {
		known[list[i].Content] = true
	}
	for _, a := range b.added {
		a.ID = 0
		a.Special = a.Special || special[a.Content]
		known[a.Content] = true
		list = append(list, a)
	}
	for _, a := range append(named, b.extra...) {
		a.Special = a.Special || special[a.Content]
		if !known[a.Content] {
			known[a.Content] = true
			list = append(list, a)
		}
	}
	if b.class.again {
		for _, a := range append(named, b.extra...) {
			list = append(list, added.Token{Content: a.Content, Special: true})
		}
	}
	return list
}

// named returns the special tokens that have names, the class's where no file has one.
func (b *builder) named() (tokens []added.Token) {
	for _, name := range sidefiles.Names {
		if a, ok := b.special(name); ok {
			tokens = append(tokens, a)
		}
	}
	return append(tokens, b.own()...)
}

// special returns a named token. One that a file sets to null is none.
func (b *builder) special(name string) (added.Token, bool) {
	raw, there := b.fields[name]
	if there && len(raw) > 0 && raw[0] == '{' {
		return token(raw, true)
	}
	text := b.class.tokens[name]
	if there {
		text = textField(raw)
	}
	left := name == "mask_token" && b.class.leftMask
	return added.Token{Content: text, Special: true, LStrip: left}, text != ""
}

// tell sets the tokens of Config to those that the vocabulary was built with: a class
// brings some that no file names, and of the files not all count.
func (b *builder) tell() {
	c := b.t.config
	for name, dst := range map[string]*string{
		"bos_token": &c.BOSToken, "eos_token": &c.EOSToken, "unk_token": &c.UnkToken, "sep_token": &c.SepToken,
		"pad_token": &c.PadToken, "cls_token": &c.CLSToken, "mask_token": &c.MaskToken,
	} {
		a, _ := b.special(name)
		*dst = a.Content
	}
	c.AdditionalSpecialTokens = nil
	for _, a := range b.extra {
		c.AdditionalSpecialTokens = append(c.AdditionalSpecialTokens, a.Content)
	}
}

// expand fills in what a text of a class leaves open: ${name:value} is the setting of
// that name, or else the value; ${unk_token} a token as JSON, and ${unk_token_id} its id.
func (b *builder) expand(text string) []byte {
	return []byte(os.Expand(text, func(name string) string {
		name, value, _ := strings.Cut(name, ":")
		if name, ok := strings.CutSuffix(name, "_id"); ok {
			a, _ := b.special(name)
			return strconv.Itoa(b.id(a.Content))
		}
		if strings.HasSuffix(name, "_token") {
			a, _ := b.special(name)
			quoted, _ := json.Marshal(a.Content) // a text has no error
			return string(quoted)
		}
		if b.has(name) {
			return string(b.fields[name])
		}
		return value
	}))
}

// id returns the id of a token, that of the unknown token for one that is not there, as
// convert_tokens_to_ids of transformers does.
func (b *builder) id(text string) int {
	if id, ok := b.t.TokenToID(text); ok {
		return id
	}
	unk, _ := b.special("unk_token")
	id, _ := b.t.TokenToID(unk.Content)
	return id
}

// putAround sets the post-processor: that of the class, or what the settings of that name
// say about the beginning and the end.
func (b *builder) putAround() error {
	if b.class.post != "" {
		return b.t.readSteps(map[string][]byte{"post_processor": b.expand(b.class.post)})
	}
	single, pair := b.class.single, b.class.pair
	if single == "" {
		begin, end := "bos_token:0 ", " eos_token:0"
		if !b.adds("add_bos_token", b.class.bos, "bos_token") {
			begin = ""
		}
		if !b.adds("add_eos_token", false, "eos_token") {
			end = ""
		}
		single = begin + "A:0" + end
		pair = single + " " + strings.ReplaceAll(begin+"B:0"+end, ":0", ":1")
	}
	if b.class.whisper {
		prefix, err := b.whisperPrefix()
		if err != nil {
			return err
		}
		single, pair = prefix+" "+single, prefix+" "+pair
	}
	p := postProcessor{Type: "TemplateProcessing", SpecialTokens: map[string]templateSpecial{}}
	p.Single, p.Pair = b.template(&p, single), b.template(&p, pair)
	var err error
	if b.t.processors, err = p.steps(nil); err == nil {
		b.t.readAffixes()
	}
	return err
}

// adds reads a setting of a token around a text, which needs that token.
func (b *builder) adds(setting string, value bool, name string) bool {
	if b.has(setting) {
		_ = json.Unmarshal(b.fields[setting], &value) // anything else leaves it
	}
	_, ok := b.special(name)
	return ok && value
}

// template reads a template: parts with their types, which are the texts A and B, the names
// of special tokens, or tokens themselves.
func (b *builder) template(p *postProcessor, text string) (items []map[string]templateItem) {
	for _, part := range strings.Fields(text) {
		i := strings.LastIndex(part, ":")
		name, kind := part[:i], int(part[i+1]-'0')
		if name == "A" || name == "B" {
			items = append(items, map[string]templateItem{"Sequence": {ID: name, TypeID: kind}})
			continue
		}
		if a, ok := b.special(name); ok {
			name = a.Content
		}
		p.SpecialTokens[name] = templateSpecial{ID: name, IDs: []int{b.id(name)}, Tokens: []string{name}}
		items = append(items, map[string]templateItem{"SpecialToken": {ID: name, TypeID: kind}})
	}
	return items
}

// whisperPrefix returns what Whisper begins a text with: the beginning of a transcript,
// the language and the task where they are set, and that there are no times.
func (b *builder) whisperPrefix() (string, error) {
	if b.has("language") {
		return "", errors.New("a language of Whisper needs its tokenizer.json")
	}
	prefix := "<|startoftranscript|>:0"
	if task := textField(b.fields["task"]); task == "transcribe" || task == "translate" {
		prefix += " <|" + task + "|>:0"
	}
	if string(b.fields["predict_timestamps"]) != "true" {
		prefix += " <|notimestamps|>:0"
	}
	return prefix, nil
}
