// The viewer reads the clock in the decoded picture: [seconds behind, where the player stands], or null.
() => {
  const video = document.getElementById("picture");
  const side = Math.floor(video.videoWidth / 24);
  if (!side) return null;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: video.videoWidth, height: side * 2 });
  const paint = canvas.getContext("2d", { willReadFrequently: true });
  paint.drawImage(video, 0, 0, video.videoWidth, side * 2, 0, 0, video.videoWidth, side * 2);
  const { data } = paint.getImageData(0, 0, canvas.width, canvas.height);
  const [low, high] = [0, 1].map((row) => {
    let bits = 0;
    for (let bit = 0; bit < 24; bit += 1) {
      const at = ((row * side + (side >> 1)) * canvas.width + bit * side + (side >> 1)) * 4;
      if (data[at] > 128) bits += 2 ** bit;
    }
    return bits;
  });
  const behindMs = Date.now() - (low + high * 16777216);
  return behindMs > -1000 && behindMs < 600000 ? [behindMs / 1000, video.currentTime] : null;
}
