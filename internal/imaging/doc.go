// Package imaging prepares pictures for models, from files that strangers made: how a picture
// lies by its EXIF data, whether its file would take the decoder too long, its colours without
// transparency, and its scaling as Pillow's. The command, the server and the adapters to
// frameworks share it, so that a picture is the same to a model whoever shows it.
package imaging
