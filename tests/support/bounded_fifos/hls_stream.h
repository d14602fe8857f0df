// SPDX-License-Identifier: Apache-2.0
#ifndef X_HLS_STREAM_SIM_H
#define X_HLS_STREAM_SIM_H

// hls::stream with as many places as the file fifo_depths.txt says, "name places" a line; others never fill. Each layer
// runs in a thread of its own. When every one of them waits, none can ever go on: the program says so and ends.

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <functional>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace bounded {

struct network {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::thread> layers;
    int running = 0, waiting = 0;
    unsigned changes = 0;
};
inline network &the() {
    static network one;
    return one;
}

inline unsigned places(const std::string &name) {
    std::ifstream depths("fifo_depths.txt");
    std::string one;
    unsigned depth;
    while (depths >> one >> depth)
        if (one == name)
            return depth;
    return ~0u;
}

// Until `ready` holds; under the lock of the network. What is changed wakes all, which ask again.
template <class F> void wait(std::unique_lock<std::mutex> &lock, const std::string &name, const F &ready) {
    network &net = the();
    while (!ready()) {
        if (++net.waiting == net.running) {
            std::printf("ERROR: all layers wait, one of them for %s\n", name.c_str());
            std::fflush(stdout);
            std::_Exit(1);
        }
        const unsigned seen = net.changes;
        net.changed.wait(lock, [&] { return net.changes != seen; });
    }
}

inline void change() {
    the().waiting = 0;
    the().changes++;
    the().changed.notify_all();
}

// A layer, under the lock of the network, so that none begins before all are there.
inline void start(const std::function<void()> &layer) {
    network &net = the();
    net.running++;
    net.layers.emplace_back([layer, &net] {
        layer();
        std::unique_lock<std::mutex> lock(net.mutex);
        net.running--;
        if (net.running > 0 && net.waiting == net.running) {
            std::printf("ERROR: all layers wait\n");
            std::fflush(stdout);
            std::_Exit(1);
        }
    });
}

inline void join() {
    for (auto &layer : the().layers)
        layer.join();
    the().layers.clear();
}

} // namespace bounded

namespace hls {

template <class T> class stream {
    std::string name;
    std::deque<T> words;
    unsigned depth;

  public:
    stream(const std::string &name = "") : name(name), depth(bounded::places(name)) {}
    stream(const stream &) = delete;

    T read() {
        std::unique_lock<std::mutex> lock(bounded::the().mutex);
        if (bounded::the().running > 0)
            bounded::wait(lock, name, [this] { return !words.empty(); });
        T word = words.front();
        words.pop_front();
        bounded::change();
        return word;
    }
    void write(const T &word) {
        std::unique_lock<std::mutex> lock(bounded::the().mutex);
        if (bounded::the().running > 0)
            bounded::wait(lock, name, [this] { return words.size() < depth; });
        words.push_back(word);
        bounded::change();
    }
    bool empty() const { return words.empty(); }
    size_t size() const { return words.size(); }
};

} // namespace hls

#endif
