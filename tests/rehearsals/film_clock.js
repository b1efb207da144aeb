// The sender films a clock: each bit of the server machine's milliseconds is a black or white square in two rows.
const microphone = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async ({ video }) => {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: video.width.ideal, height: video.height.ideal });
  const paint = canvas.getContext("2d", { alpha: false });
  let frame = 0;
  setInterval(() => {
    const { width, height } = canvas;
    const side = Math.floor(width / 24);
    frame += 1;
    paint.fillStyle = "#345";
    paint.fillRect(0, 0, width, height);
    const now = Date.now();
    [now % 16777216, Math.floor(now / 16777216) % 16777216].forEach((bits, row) => {
      for (let bit = 0; bit < 24; bit += 1) {
        paint.fillStyle = (bits >>> bit) & 1 ? "#fff" : "#000";
        paint.fillRect(bit * side, row * side, side, side);
      }
    });
    for (let at = 0; at < 12; at += 1) { // something to move, so that the encoder has work
      paint.fillStyle = `hsl(${(frame * 7 + at * 31) % 360} 70% 50%)`;
      paint.fillRect(((frame * 5 + at * 97) % width), side * 2 + ((at * 53 + frame) % (height - side * 2)), side, side);
    }
  }, 40);
  const voice = await microphone({ audio: true });
  const [film] = canvas.captureStream(25).getTracks();
  film.applyConstraints = async (wanted) => { Object.assign(canvas, { width: wanted.width.ideal, height: wanted.height.ideal }); }; // as a camera does
  return new MediaStream([film, ...voice.getTracks()]);
};
