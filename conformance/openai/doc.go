// Package conformance tries the server with the clients that people have: the openai
// packages of PyPI, npm and Go, and the anthropic package of PyPI, which make
// openai-conformance installs. README.md lists the points; what no client can see is
// looked at over bare HTTP. Its only code is its tests.
package conformance
