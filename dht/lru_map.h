// A map that forgets what was not looked at for longest, so that strangers can't make it grow.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <utility>

namespace satchel::location {

template <class Key, class Value>
class LruMap {
public:
    explicit LruMap(std::size_t max)
        : max_(max) {}

    /// None, or a value that stays put until the next put().
    Value* find(Key const& key) {
        auto const it = index_.find(key);
        if (it == index_.end()) return nullptr;
        entries_.splice(entries_.begin(), entries_, it->second);
        return &it->second->second;
    }

    void put(Key const& key, Value value) {
        if (Value* const held = find(key)) {
            *held = std::move(value);
            return;
        }
        entries_.emplace_front(key, std::move(value));
        index_.emplace(key, entries_.begin());
        if (entries_.size() <= max_) return;
        index_.erase(entries_.back().first);
        entries_.pop_back();
    }

    std::size_t size() const { return entries_.size(); }

private:
    using Entries = std::list<std::pair<Key, Value>>;

    std::size_t max_;
    Entries entries_;  ///< the latest looked at first
    std::map<Key, typename Entries::iterator> index_;
};

}  // namespace satchel::location
