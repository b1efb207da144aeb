// The sender films a clock: each bit of the server machine's milliseconds is a black or white square in two rows.
const microphone = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async ({ video }) => {
  const canvas = document.createElement("canvas");
  const [width, height] = [video.width.ideal, video.height.ideal];
  Object.assign(canvas, { width, height });
  const paint = canvas.getContext("2d", { alpha: false });
  const side = Math.floor(width / 24);
  let frame = 0;
  setInterval(() => {
    frame += 1;
    paint.fillStyle = `hsl(${frame % 360} 60% 40%)`;
    paint.fillRect(0, 0, width, height);
    const now = Date.now();
    [now % 16777216, Math.floor(now / 16777216) % 16777216].forEach((bits, row) => {
      for (let bit = 0; bit < 24; bit += 1) {
        paint.fillStyle = (bits >>> bit) & 1 ? "#fff" : "#000";
        paint.fillRect(bit * side, row * side, side, side);
      }
    });
    for (let at = 0; at < 60; at += 1) { // something to move, so that the encoder has work
      paint.fillStyle = `hsl(${(frame * 7 + at * 31) % 360} 70% 50%)`;
      paint.fillRect(((frame * 5 + at * 97) % width), side * 2 + ((at * 53 + frame) % (height - side * 2)), side, side);
    }
  }, 40);
  const voice = await microphone({ audio: true });
  return new MediaStream([...canvas.captureStream(25).getTracks(), ...voice.getTracks()]);
};
