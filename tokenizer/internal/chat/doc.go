// Package chat writes conversations as a model's chat template says, and reads the
// calls of tools in what the model answers.
//
// template.go and what it is made of are the one place of a tokenizer that knows the
// template engine: message.go and normalize.go have the messages, conversation.go
// shows them to the engine, continue.go ends a text within the last of them, and
// sanitize.go finds out who wrote a control token.
//
// # Calls
//
// An answer comes in parts, and what is found in it must not depend on how it was cut.
// So the reader of a format is a pure function of the text behind an opening, and it is
// monotone: what it answers to a text other than that it needs more, it answers to every
// longer one. Then it matters for speed alone when it is asked. The [Parser] knows what
// all formats share: it holds back text that may begin a call, asks the reader when more
// of it has come, passes on as text what turns out to be none, and looks there for other
// openings. Only where the text has ended, or is longer than any call, is a reader told
// so: a call without its closing tag is one then, if the rest of it is whole.
//
// A long call is read again when it has grown by a part of its length, and bytes that
// were read in vain are counted in a way that does not depend on the cut either: the work
// for an answer grows with its length, whatever is in it.
//
// Thinking is marked apart. A call in it is only spoken of. Where the prompt had no tools,
// calls are text, but some models write channels and marks around all that they say: their
// formats, which say that they are always there, are read all the same.
//
// Models leave things out. What the prompt says of its functions makes up for that, and
// nothing else: loose.go reads calls that no mark opens, pyargs.go texts without quotation
// marks or with some too many, and fit.go values that are in quotation marks.
// Objects, programs and words in other answers look like calls too: where no mark tells
// them apart, known asks for a function that the prompt named.
//
// A format is a file with one value: the special tokens of its calls, the templates that
// it belongs to, the texts with which a call opens, and its reader. To add one, write
// such a file, with what is there to read with: readCalls for calls that are objects of
// JSON, tags for those with a tag for each parameter, readPython for calls of Python, a
// scanner for all else, and Tools.value for arguments whose type only the schema of the
// function knows. Put it into the list in format.go, and give it a name among
// tokenizer.ToolFormat's constants. The tests of all formats ask its reader about every
// beginning of its samples and cut those at random.
//
// JSON is read as models write it, by one reader, literal, which writes JSON.
package chat
