/** The connection is lost and comes back. */

import { expect, test } from "./support/fixtures";

for (const [how, end] of [
  ["ended", "stop"],
  ["killed", "kill"],
] as const) {
  test(`after the server was ${how} the page goes on without a gap, and sends once what was typed meanwhile`, async ({
    room,
    api,
    host,
    watch,
  }) => {
    watch.expectOutage();
    await room.enter("Ana");
    await room.say("before");
    await expect(room.message("before")).toHaveCount(1);

    await host[end]();
    await room.lost();
    await expect(room.notice).toContainText("Not connected");
    await room.say("meanwhile");
    await host.start();
    await api.say("Ben", "first to be back");
    await room.live();

    await expect(room.message("meanwhile")).toHaveCount(1);
    await expect(room.notice).toContainText("Nothing was missed");
    const log = await api.log();
    expect(log.map(({ message }) => message.text).sort()).toEqual(["before", "first to be back", "meanwhile"]);
    expect(await room.ids()).toEqual(log.map(({ message }) => message.id));
    await expect(room.log).not.toContainText("missing");
  });
}

test("when the log was lost the page says that messages are missing, and where", async ({ room, api, host, watch }) => {
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
  await expect(room.notice).toContainText("is gone");
  await expect(room.log).toContainText(/before[^]*Some messages are missing here[^]*of the new log/);
});
