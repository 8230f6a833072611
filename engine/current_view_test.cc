// SPDX-License-Identifier: Apache-2.0
#include "engine/current_view.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

namespace beach::engine {
namespace {

TEST(CurrentView, APinKeepsWhatWasCurrentWhenItWasMade) {
  auto first = std::make_shared<const View>();
  const std::weak_ptr<const View> first_watch = first;
  const View* const first_address = first.get();
  CurrentView current(std::move(first));
  std::optional<CurrentView::Pin> pin(std::in_place, current);
  EXPECT_EQ(&**pin, first_address);

  const auto second = std::make_shared<const View>();
  EXPECT_TRUE(current.Replace(second).empty()) << "it is pinned";
  EXPECT_FALSE(first_watch.expired());
  EXPECT_EQ(&**pin, first_address);
  {
    const CurrentView::Pin later(current);
    EXPECT_EQ(&*later, second.get());
  }
  EXPECT_FALSE(first_watch.expired());
  pin.reset();
  EXPECT_TRUE(first_watch.expired()) << "the last reader lets it go";
}

TEST(CurrentView, WhatNobodyLooksAtIsHandedBackToBeDropped) {
  CurrentView current(std::make_shared<const View>());
  const auto second = std::make_shared<const View>();
  const CurrentView::Views dropped = current.Replace(second);
  ASSERT_EQ(dropped.size(), 1U);
  EXPECT_EQ(dropped[0].use_count(), 1);
}

TEST(CurrentView, ReplacedTwiceUnderAPinBothGo) {
  CurrentView current(std::make_shared<const View>());
  std::optional<CurrentView::Pin> pin(std::in_place, current);
  std::weak_ptr<const View> between;
  {
    auto second = std::make_shared<const View>();
    between = second;
    static_cast<void>(current.Replace(std::move(second)));
  }
  EXPECT_EQ(current.Replace(std::make_shared<const View>()).size(), 1U) << "the one between";
  EXPECT_TRUE(between.expired());
  pin.reset();
}

TEST(CurrentView, WhatIsSharedOutlivesThePin) {
  CurrentView current(std::make_shared<const View>());
  std::shared_ptr<const View> shared;
  {
    const CurrentView::Pin pin(current);
    shared = pin.Share();
  }
  static_cast<void>(current.Replace(std::make_shared<const View>()));
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(CurrentView, MorePinsThanSlots) {
  CurrentView current(std::make_shared<const View>());
  std::deque<CurrentView::Pin> pins;
  for (std::size_t i = 0; i < CurrentView::kSlots + 3; ++i) pins.emplace_back(current);
  for (const CurrentView::Pin& pin : pins) EXPECT_EQ(&*pin, &*pins.front());
  const std::weak_ptr<const View> watch = pins.front().Share();
  EXPECT_TRUE(current.Replace(std::make_shared<const View>()).empty());
  while (pins.size() > 1) {
    pins.pop_front();
    EXPECT_FALSE(watch.expired());
  }
  pins.clear();
  EXPECT_TRUE(watch.expired() || !current.Replace(std::make_shared<const View>()).empty());
}

}  // namespace
}  // namespace beach::engine
