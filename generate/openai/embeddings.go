package openai

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/http"
	"slices"

	"github.com/gocoreml/coreml/generate/embed"
)

// maxInputs bounds the texts of a request of embeddings.
const maxInputs = 2048

// The parts of a reply.
type (
	embeddingList struct {
		Object string         `json:"object"`
		Data   []embedding    `json:"data"`
		Model  string         `json:"model"`
		Usage  embeddingUsage `json:"usage"`
	}
	embedding struct {
		Object    string `json:"object"`
		Index     int    `json:"index"`
		Embedding any    `json:"embedding"` // numbers, or their bytes in base64
	}
	embeddingUsage struct {
		PromptTokens int `json:"prompt_tokens"`
		TotalTokens  int `json:"total_tokens"`
	}
)

// embeddings answers POST /v1/embeddings.
func (h *Handler) embeddings(x *exchange) error {
	o, err := x.readObject()
	if err != nil {
		return err
	}
	to, err := x.findEncoder(o)
	if err != nil {
		return err
	}
	opts := &embed.Options{RefuseLong: true}
	if n, ok := o.integer("dimensions", 1, math.MaxInt32); ok {
		if most := to.Encoder.Dimensions(); most > 0 && n > most {
			o.bad("dimensions", "is %d, the model's vectors have %d", n, most)
		}
		opts.Dimensions = n
	}
	switch kind := o.text("input_type"); kind {
	case "", "text":
	case "query":
		opts.Role = embed.RoleQuery
	case "document", "passage":
		opts.Role = embed.RoleDocument
	default:
		o.bad("input_type", "is %s, want query or document", shown(kind))
	}
	if n, ok := o.integer("truncate_prompt_tokens", -1, math.MaxInt32); ok {
		if n > 0 && n < to.Encoder.MaxTokens() {
			o.fail(unsupported("truncate_prompt_tokens", "texts are cut at the model's own limit, %d tokens, where it is -1", to.Encoder.MaxTokens()))
		}
		opts.RefuseLong = n == 0
	}
	format := o.text("encoding_format")
	if format != "" && format != "float" && format != "base64" {
		o.bad("encoding_format", "is %s, want float or base64", shown(format))
	}
	texts := x.inputs(to, o)
	if err := o.failed(); err != nil {
		return err
	}
	leave, ok := to.waiting.enter("", mostForEncoder)
	if !ok {
		return errEncoderBusy
	}
	defer leave()
	select {
	case to.encoding <- struct{}{}:
		defer func() { <-to.encoding }()
	case <-x.ctx.Done():
		return x.ctx.Err()
	}
	reply := embeddingList{Object: "list", Model: to.name, Data: []embedding{}}
	for e, err := range to.Encoder.Stream(x.ctx, slices.Values(texts), opts) {
		if err != nil {
			return err
		}
		reply.Usage.PromptTokens += e.Tokens
		reply.Data = append(reply.Data, embedding{"embedding", len(reply.Data), encoded(e.Vector, format)})
	}
	if err := x.ctx.Err(); err != nil {
		return err
	}
	reply.Usage.TotalTokens = reply.Usage.PromptTokens
	x.stats.PromptTokens = reply.Usage.PromptTokens
	return x.reply(http.StatusOK, reply)
}

// findEncoder returns the model of a request of vectors.
func (x *exchange) findEncoder(o *object) (*target, error) {
	name := o.text("model")
	if err := o.failed(); err != nil {
		return nil, err
	}
	to, err := x.find(name)
	if err != nil {
		return nil, err
	}
	if to.Encoder == nil {
		return nil, badField("model", "%s writes text and gives no vectors", shown(to.name))
	}
	return to, nil
}

// encoded returns a vector in the format of a request.
func encoded(v []float32, format string) any {
	if format != "base64" {
		return slices.Clone(v)
	}
	data := make([]byte, 0, 4*len(v))
	for _, f := range v {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(f))
	}
	return base64.StdEncoding.EncodeToString(data)
}

// inputs reads a text, a list of some, token ids, or a list of some. Tokens are of the model's
// own vocabulary, and are made text again.
func (x *exchange) inputs(to *target, o *object) []string {
	raw := o.raw("input")
	if raw == nil {
		o.bad("input", "is missing")
		return nil
	}
	if kindOfJSON(raw) == "a string" {
		return []string{o.text("input")}
	}
	var list []json.RawMessage
	if !o.value("input", "a string or a list", &list) {
		return nil
	}
	switch {
	case len(list) == 0:
		o.bad("input", "is an empty list")
		return nil
	case kindOfJSON(list[0]) == "a number":
		return []string{x.decoded(to, o, "input")}
	case len(list) > maxInputs:
		o.bad("input", "has %d texts, want %d at most", len(list), maxInputs)
		return nil
	}
	var out []string
	inner := &object{fields: map[string]json.RawMessage{}}
	for k, one := range list {
		name := element("input", k)
		inner.fields[name] = one
		if kindOfJSON(one) == "a list" {
			out = append(out, x.decoded(to, inner, name))
		} else {
			out = append(out, inner.text(name))
		}
		if inner.err != nil || string(one) == "null" {
			inner.bad(name, "is %s, want a string or a list of token ids", kindOfJSON(one))
			break
		}
	}
	o.join(inner)
	return out
}

// decoded reads token ids and returns their text.
func (x *exchange) decoded(to *target, o *object, name string) string {
	ids := o.ids(name, maxValues)
	if o.err != nil {
		return ""
	}
	text, err := to.Encoder.Tokenizer().DecodeContext(x.ctx, ids, true)
	if err != nil {
		o.bad(name, "%v", err)
	}
	return text
}
