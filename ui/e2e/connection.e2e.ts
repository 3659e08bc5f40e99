/** The connection is lost and comes back. */

import { expect, test } from "./support/fixtures";

test("after a restart of the server the page goes on without a gap, and sends once what was typed meanwhile", async ({
  room,
  api,
  host,
  watch,
}) => {
  watch.expectOutage();
  await room.enter("Ana");
  await room.say("before");
  await expect(room.message("before")).toHaveCount(1);

  await host.kill();
  await expect(room.connection).toContainText("Not connected");
  await room.say("meanwhile");
  await host.start();
  await api.say("Ben", "first to be back");
  await room.live();

  await expect(room.message("meanwhile")).toHaveCount(1);
  await expect(room.message("first to be back")).toHaveCount(1);
  await expect(room.connection).not.toContainText("Not connected");
  const log = await api.log();
  expect(log.map(({ message }) => message.text).sort()).toEqual(["before", "first to be back", "meanwhile"]);
  expect(await room.texts()).toEqual(log.map(({ message }) => message.text));
});

test("when the log was lost the page says that messages are missing", async ({ room, api, host, watch }) => {
  watch.expectOutage();
  // The session is gone with the log.
  watch.expect(/401 \(Unauthorized\)/);
  await room.enter("Ana");
  await room.say("before");
  await expect(room.message("before")).toHaveCount(1);

  await host.stop();
  host.home.loseLog();
  await host.start();
  await api.say("Ben", "of the new log");
  await room.live();

  await expect(room.message("of the new log")).toHaveCount(1);
  await expect(room.log).toContainText("Messages are missing here");
});
