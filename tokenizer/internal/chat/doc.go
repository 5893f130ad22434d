// Package chat writes conversations as a model's chat template says, and reads the
// calls of tools in what the model answers.
//
// template.go and what it is made of are the one place of a tokenizer that knows the
// template engine: message.go and normalize.go have the messages, conversation.go
// shows them to the engine, continue.go ends a text within the last of them, and
// sanitize.go finds out who wrote a control token.
//
// Of tool calls, parser.go knows what all formats share: an answer comes in parts,
// text that may begin a call is held back, and what turns out to be no call is
// text again. A [Parser] must find the same however an answer is cut into parts. A
// format is a file with one value: the special tokens of its calls, the templates
// that it belongs to, how a call opens, and how it is read. To add one, write such
// a file, with what call.go has for JSON, put it into the list in format.go, and
// give it a name among tokenizer.ToolFormat's constants.
package chat
