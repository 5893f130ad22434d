package chat

import (
	"slices"
	"strings"
)

// format is how a family of models writes calls.
type format struct {
	name string
	// marks are the special tokens that calls and thinking are written with, which a
	// decoder has to keep.
	marks []string
	// suits reports whether a chat template is of this format.
	suits func(template string) bool
	// opens are the texts behind which read looks for calls.
	opens words
	// always says that every answer is written with the marks, be there tools or not:
	// in channels, or with marks around its text.
	always bool
	// bare says that calls need no mark where an answer begins, nor behind thinking
	// or another call: read is asked there too, with the first text that is no white
	// space.
	bare bool
	// join is what may stand between two bare calls, and is no text there.
	join byte
	// loose is how calls without a mark are read behind other text, nil for not at all.
	loose *loose
	// ends are the bytes that are last in a call. It is read when one of them comes;
	// without them, at times only.
	ends string
	// thinking are the marks of the model's thinking, none for those that most models
	// have.
	thinking []thinking
	// read reads calls.
	read reader
}

// reader reads what follows an opening. It is a pure function of the input, and it is
// monotone: what it answers other than needMore, it answers for every longer text too,
// to the byte, be that text final or not. So nothing depends on how an answer was cut,
// and it matters for speed alone when a reader is asked. It takes time in proportion to
// the text: no more than a few looks at each byte.
type reader func(in input) result

// input is what a reader sees of an answer.
type input struct {
	// text is what follows the mark, at most maxCall bytes of it.
	text string
	// final says that no more text will come: a call that lacks its closing tag is
	// one then, if the rest of it is whole.
	final bool
	// mark is what opened the call, one of the format's, empty for a bare one.
	mark string
	// tools tell the types of arguments; they may be nil.
	tools *Tools
}

// result is what a reader found.
type result struct {
	is progress
	// calls are those of isCall, none where the text that was taken is not for
	// anybody to see, such as the mark of a channel.
	calls []Call
	// n is the number of bytes of the text that are taken. Of notCall it is the
	// number that had to be looked at, which bounds the work for an answer.
	n int
	// thinking, unless nil, says that the text behind is thinking up to its end.
	thinking *thinking
}

// progress is what reading came to.
type progress int

const (
	needMore progress = iota // the text has no end yet
	isCall                   // n bytes are taken
	notCall                  // whatever follows, it is text
)

// more is the answer of a reader that came to the end of the text.
func (in input) more() result {
	if in.final {
		return reject(len(in.text))
	}
	return result{}
}

// reject is the answer of a reader that has seen from the first n bytes that there is
// no call.
func reject(n int) result { return result{is: notCall, n: n} }

// taken is the answer of a reader that has found calls.
func taken(n int, calls ...Call) result { return result{is: isCall, n: n, calls: calls} }

// behind returns the input behind the first n bytes of its text.
func (in input) behind(n int) input {
	in.text = in.text[n:]
	return in
}

// after adds the n bytes that were left out by behind to a result.
func (r result) after(n int) result {
	if r.is != needMore {
		r.n += n
	}
	return r
}

// formats are the known ones, in the order in which a template is asked: those
// with a mark of their own go before those that share one with others.
var formats = []*format{
	muse, harmony, kimi3, kimi, dsml, deepseek, minimaxM3, minimax, gemma4, functionGemma, cohere, commandR,
	solar, apertus, gigachat, seed, k2, iquest, dots, inkling, longcat, minicpm5, hunyuan, glm,
	nemotron, internlm, apriel, pangu, hyperclova, minimaxM1, jamba, functionary, functionary2,
	granite, granite20b, phi4, firefunction, smollm, lfm2, olmo3, gemma3, pythonic, mistral, hermes, llama, glm4, bareJSON,
}

// noFormat finds no calls.
var noFormat = &format{read: noCall}

// noCall reads nothing.
func noCall(input) result { return reject(0) }

// withoutTools returns the format of answers to prompts without tools: calls are no part
// of it, unless they are marked as all the rest is.
func (f *format) withoutTools() *format {
	if f.always {
		return f
	}
	elsewhere := func(mark string) bool {
		return !slices.ContainsFunc(f.thinking, func(t thinking) bool { return t.hasToken(mark) })
	}
	return &format{name: f.name, marks: slices.DeleteFunc(slices.Clone(f.marks), elsewhere), thinking: f.thinking, read: noCall}
}

// formatOf returns the format of a name.
func formatOf(name string) *format {
	for _, f := range formats {
		if f.name == name {
			return f
		}
	}
	return noFormat
}

// Suggested returns the name of the format that a chat template suggests, empty
// where it suggests none.
func Suggested(template string) string {
	for _, f := range formats {
		if f.suits(template) {
			return f.name
		}
	}
	return ""
}

// IsMark reports whether a special token is one that calls are written with in a
// format.
func IsMark(name, token string) bool { return slices.Contains(formatOf(name).marks, token) }

// naming returns the test for templates that have a text in them.
func naming(text string) func(template string) bool {
	return func(template string) bool { return strings.Contains(template, text) }
}
