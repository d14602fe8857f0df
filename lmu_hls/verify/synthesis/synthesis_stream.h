// SPDX-License-Identifier: Apache-2.0
// hls::stream as an HLS tool reads it: a FIFO outside the function, without the queue of C simulation.
#ifndef LMU_HLS_SYNTHESIS_STREAM_H
#define LMU_HLS_SYNTHESIS_STREAM_H

extern "C" {
void lmu_fifo_read(const void *fifo, void *word);
void lmu_fifo_write(const void *fifo, const void *word);
bool lmu_fifo_empty(const void *fifo);
}

namespace hls {

template <typename T, int DEPTH = 0> class stream {
  public:
    stream() {}
    stream(const char *) {}
    T read() {
        T word;
        lmu_fifo_read(this, &word);
        return word;
    }
    void read(T &word) { word = read(); }
    void operator>>(T &word) { word = read(); }
    void write(const T &word) { lmu_fifo_write(this, &word); }
    void operator<<(const T &word) { write(word); }
    bool empty() const { return lmu_fifo_empty(this); }

  private:
    char fifo;
};

} // namespace hls

#endif
