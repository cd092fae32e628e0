#include "mailgw/data_reader.h"

namespace satchel::mailgw {

DotReader::Step DataReader::read(ByteSpan in, Bytes& out) {
    unstuffed_.clear();
    auto const step = dots_.read(in, unstuffed_);
    Bytes& mended = inbound_ ? mended_ : out;
    mender_.mend(unstuffed_, mended);
    if (step.ended) mender_.finish(mended, true);
    if (inbound_) {
        links_.filter(mended_, out);
        mended_.clear();
    }
    return step;
}

}  // namespace satchel::mailgw
