package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/internal/storage"
	"github.com/gocoreml/coreml/tokenizer"
)

// maxToolFile is the largest file of tools that is read.
const maxToolFile = 16 << 20

// readToolFile reads the tools in a file: a list, or an object as requests have it, of
// which tools is one field.
func readToolFile(name string) (tools []any, err error) {
	f, err := storage.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxToolFile+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > maxToolFile {
		return nil, fmt.Errorf("%s: more than %s", name, bytesText(maxToolFile))
	}
	list := data
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		var fields struct{ Tools json.RawMessage }
		if err := json.Unmarshal(data, &fields); err != nil {
			return nil, fmt.Errorf("%s: %w", name, jsonFault(data, err))
		}
		if fields.Tools == nil {
			return nil, fmt.Errorf("%s: the object has no tools: a list of them belongs there", name)
		}
		list = fields.Tools
	}
	if err := readTools(list, &tools); err != nil {
		return nil, fmt.Errorf("%s: %w", name, jsonFault(list, err))
	}
	for i, tool := range tools {
		if functionOf(tool).Name == "" {
			return nil, fmt.Errorf("%s: tool %d has no name: each is an object such as {\"type\": \"function\", \"function\": {\"name\": \"now\", \"parameters\": {}}}", name, i+1)
		}
	}
	return tools, nil
}

// jsonFault says where in a text JSON ends to be right.
func jsonFault(data []byte, err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line := 1 + bytes.Count(data[:min(int(syntax.Offset), len(data))], []byte("\n"))
		return fmt.Errorf("line %d: %w", line, err)
	}
	return err
}

// toolFunction is what people are told of a tool.
type toolFunction struct {
	Name        string `json:"name"`
	Description string `json:"description"`
}

// functionOf reads a tool, in the form of requests or the function alone.
func functionOf(tool any) toolFunction {
	var t struct {
		toolFunction
		Function *toolFunction `json:"function"`
	}
	raw, ok := tool.(json.RawMessage)
	if !ok || json.Unmarshal(raw, &t) != nil {
		return toolFunction{}
	}
	if t.Function != nil {
		return *t.Function
	}
	return t.toolFunction
}

// pendingCalls are the calls of the last answer, whose results are typed one after the
// other.
type pendingCalls struct {
	calls   []tokenizer.ToolCall
	results []tokenizer.Message
}

// next returns the call whose result is to be typed.
func (p *pendingCalls) next() (tokenizer.ToolCall, bool) {
	if len(p.results) >= len(p.calls) {
		return tokenizer.ToolCall{}, false
	}
	return p.calls[len(p.results)], true
}

// takeResult takes what was typed as the result of a call, and sends the results when all
// are there. An empty line gives none: the conversation goes on with a message.
func (t *chat) takeResult(ctx context.Context, typed string) error {
	text := messageOf(typed)
	if strings.TrimSpace(text) == "" {
		t.pending = pendingCalls{}
		t.hint("No result is sent.")
		return nil
	}
	call, _ := t.pending.next()
	extra := map[string]any{"name": call.Name}
	if call.ID != "" {
		extra["tool_call_id"] = call.ID
	}
	t.pending.results = append(t.pending.results, tokenizer.Message{Role: "tool", Content: text, Extra: extra})
	if _, waits := t.pending.next(); waits {
		return nil
	}
	calls, results := t.pending.calls, t.pending.results
	err := t.sendMessages(ctx, results)
	if err != nil { // they are asked for again
		t.pending = pendingCalls{calls: calls}
	}
	return err
}

// sendMessages answers messages of any role.
func (t *chat) sendMessages(ctx context.Context, messages []tokenizer.Message) error {
	_, err := t.answer(ctx, func(ctx context.Context, opts *generate.Options) iter.Seq2[generate.Token, error] {
		return t.s.SendMessages(ctx, messages, opts)
	})
	return err
}

// showCall shows a call of a function: on one line where it is short, else with its
// arguments below it.
func showCall(out *chatScreen, call tokenizer.ToolCall) error {
	if err := out.end(); err != nil {
		return err
	}
	err := out.put(dimStyle, "call ")
	if err == nil {
		err = out.put(boldStyle, plain(call.Name))
	}
	if err == nil {
		err = out.put(plainStyle, argumentsText(call.Arguments))
	}
	return errors.Join(err, out.end())
}

// shortCall is how many bytes of arguments stand behind the name.
const shortCall = 32

// argumentsText is how the arguments stand behind the name of a function.
func argumentsText(arguments []byte) string {
	var line, block bytes.Buffer
	if json.Compact(&line, arguments) != nil || json.Indent(&block, arguments, "  ", "  ") != nil {
		return " " + plain(string(arguments))
	}
	if line.Len() <= shortCall {
		return " " + line.String()
	}
	return "\n  " + block.String()
}

// cmdTools shows the tools, or reads others.
func (t *chat) cmdTools(_ context.Context, name string) error {
	switch {
	case name == "off":
		t.tools = nil
		t.note("No tools.")
		return nil
	case name != "":
		if t.s.IsText() {
			return generate.ErrNoChatTemplate
		}
		tools, err := readToolFile(name)
		if err != nil {
			return err
		}
		t.tools = tools
	}
	if len(t.tools) == 0 {
		t.note("There are no tools; /tools FILE reads some.")
		return nil
	}
	list := table{indent: "  "}
	for _, tool := range t.tools {
		f := functionOf(tool)
		list.row(f.Name, firstLine(f.Description))
	}
	t.note("%s", list.String())
	return nil
}
