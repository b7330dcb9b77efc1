using System.Globalization;
using System.Xml.Linq;
using SkiaSharp;

namespace Pipelines.Stages.Reporting;

/// <summary>
/// A drawing as PDF: read from the same SVG that is the file, so that both show the same. It knows the elements that
/// <see cref="Svg"/> writes and refuses others. Text is text in an embedded font, to be searched and copied; the bytes
/// depend on the drawing alone.
/// </summary>
internal static class SvgPdf
{
    /// <summary>Pictures as they are: up to a quality of 100 Skia would encode them anew, as JPEG.</summary>
    private const int Lossless = 101;

    /// <summary>Width of the rim of cells that touch each other, in cells.</summary>
    private const float Rim = 0.05f;

    private static readonly SKSamplingOptions Smooth = new(SKFilterMode.Linear, SKMipmapMode.Linear);

    /// <summary>A page that is as large as the drawing.</summary>
    /// <param name="svg">A drawing of <see cref="Svg"/>.</param>
    /// <param name="pointsPerPixel">Size of the drawing's unit, in points.</param>
    public static byte[] Of(string svg, double pointsPerPixel)
    {
        XElement root = XElement.Parse(svg);
        double[] box = [.. root.Attribute("viewBox")!.Value.Split(' ').Select(Parsed)];
        float scale = (float)pointsPerPixel;
        using var stream = new MemoryStream();
        using (
            SKDocument document = SKDocument.CreatePdf(
                stream,
                new SKDocumentPdfMetadata
                {
                    Title = Child(root, "title"),
                    Subject = Child(root, "desc"),
                    RasterDpi = SKDocumentPdfMetadata.DefaultRasterDpi,
                    EncodingQuality = Lossless,
                }
            )
        )
        {
            SKCanvas canvas = document.BeginPage((float)box[2] * scale, (float)box[3] * scale);
            canvas.Scale(scale);
            using var drawn = new Drawn(canvas, root, box[2], box[3]);
            drawn.DrawAll(root);
            document.EndPage();
            document.Close();
        }

        return stream.ToArray();
    }

    private static string Child(XElement root, string name) =>
        root.Elements().FirstOrDefault(e => e.Name.LocalName == name)?.Value ?? "";

    private static double Parsed(string number) => double.Parse(number, CultureInfo.InvariantCulture);

    /// <summary>A drawing on its page.</summary>
    private sealed class Drawn(SKCanvas canvas, XElement root, double width, double height) : IDisposable
    {
        private readonly Dictionary<string, (SKImage Image, SKRect Box)> pictures = [];
        private readonly SKTypeface regular = TypefaceOf(FigureFont.Regular, root, isBold: false),
            bold = TypefaceOf(FigureFont.Bold, root, isBold: true);

        public void DrawAll(XElement parent)
        {
            foreach (XElement element in parent.Elements())
            {
                Draw(element);
            }
        }

        public void Dispose()
        {
            foreach (var (image, _) in pictures.Values)
            {
                image.Dispose();
            }

            regular.Dispose();
            bold.Dispose();
        }

        private void Draw(XElement element)
        {
            switch (element.Name.LocalName)
            {
                case "title" or "desc" or "style":
                    break;
                case "defs":
                    foreach (XElement image in element.Elements())
                    {
                        Define(image);
                    }

                    break;
                case "g":
                    Transformed(element, () => DrawAll(element));
                    break;
                case "image":
                    using (SKImage shown = Decoded(element))
                    {
                        canvas.DrawImage(shown, BoxOf(element), Smooth);
                    }

                    break;
                case "use":
                    var (picture, box) = pictures[Text(element, "href")[1..]];
                    Transformed(element, () => canvas.DrawImage(picture, box, Smooth));
                    break;
                case "text":
                    Transformed(element, () => DrawText(element));
                    break;
                case "rect":
                    Fill(element, p =>
                        canvas.DrawRect(
                            Number(element, "x"),
                            Number(element, "y"),
                            Length(element, "width", width),
                            Length(element, "height", height),
                            p
                        )
                    );
                    break;
                case "circle":
                    Fill(element, p =>
                        canvas.DrawCircle(Number(element, "cx"), Number(element, "cy"), Number(element, "r"), p)
                    );
                    break;
                case "path":
                    DrawPath(element);
                    break;
                default:
                    throw new NotSupportedException($"<{element.Name.LocalName}> in a drawing");
            }
        }

        private void DrawPath(XElement element)
        {
            string data = Text(element, "d");
            using SKPath path = SKPath.ParseSvgPathData(data);
            bool isWhole = data.Contains(Svg.WholeCell, StringComparison.Ordinal);
            Fill(element, p => canvas.DrawPath(path, p), isWhole);
            Stroke(element, p => canvas.DrawPath(path, p));
        }

        /// <summary>One line of text; its rim, where it has one, as an outline below it, which nobody copies.</summary>
        private void DrawText(XElement element)
        {
            bool isBold = IsBold(element);
            using var font = new SKFont(isBold ? bold : regular, Number(element, "font-size", 12))
            {
                Hinting = SKFontHinting.None,
                Subpixel = true,
                LinearMetrics = true,
            };
            double before = Text(element, "text-anchor") switch
            {
                "middle" => 0.5,
                "end" => 1,
                _ => 0,
            };
            double x = Number(element, "x") - (before * FigureFont.Width(element.Value, font.Size, isBold));
            float y = Number(element, "y");
            foreach (var (piece, isMissing) in FigureFont.Pieces(element.Value, isBold))
            {
                float left = (float)x;
                if (isMissing)
                {
                    DrawCode(element, piece, left, y, font.Size);
                }
                else
                {
                    Stroke(element, p => canvas.DrawText(piece, left, y, SKTextAlign.Left, font, p));
                    Fill(element, p => canvas.DrawText(piece, left, y, SKTextAlign.Left, font, p));
                }

                x += FigureFont.Width(piece, font.Size, isBold);
            }
        }

        /// <summary>A character that the font lacks: its number in a box, as browsers show it.</summary>
        private void DrawCode(XElement element, string character, float left, float y, float size)
        {
            string code = char.ConvertToUtf32(character, 0).ToString("X4", CultureInfo.InvariantCulture);
            string[] lines = [code[..^(code.Length / 2)], code[^(code.Length / 2)..]];
            using var font = new SKFont(regular, 0.4f * size) { Hinting = SKFontHinting.None, Subpixel = true };
            Fill(element, p =>
            {
                canvas.DrawText(lines[0], left + (size / 2), y - (0.42f * size), SKTextAlign.Center, font, p);
                canvas.DrawText(lines[1], left + (size / 2), y - (0.04f * size), SKTextAlign.Center, font, p);
                (p.Style, p.StrokeWidth) = (SKPaintStyle.Stroke, 0.04f * size);
                canvas.DrawRect(left + (0.06f * size), y - (0.8f * size), 0.88f * size, 0.86f * size, p);
            });
        }

        private void Define(XElement image)
        {
            pictures[Text(image, "id")] = (Decoded(image), BoxOf(image));
        }

        private static SKImage Decoded(XElement image)
        {
            string data = Text(image, "href");
            return SKImage.FromEncodedData(
                Convert.FromBase64String(data[(data.IndexOf(',', StringComparison.Ordinal) + 1)..])
            );
        }

        private static SKRect BoxOf(XElement image) =>
            SKRect.Create(Number(image, "x"), Number(image, "y"), Number(image, "width"), Number(image, "height"));

        /// <summary>Draws what is moved, scaled or turned.</summary>
        private void Transformed(XElement element, Action draw)
        {
            int before = canvas.Save();
            string[] steps = Text(element, "transform").Split(')', StringSplitOptions.RemoveEmptyEntries);
            foreach (string step in steps)
            {
                string[] parts = step.Trim().Split('(');
                float[] by = [.. parts[1].Split(' ').Select(n => (float)Parsed(n))];
                switch (parts[0])
                {
                    case "translate":
                        canvas.Translate(by[0], by[1]);
                        break;
                    case "scale":
                        canvas.Scale(by[0], by[^1]);
                        break;
                    case "rotate":
                        canvas.RotateDegrees(by[0], by[1], by[2]);
                        break;
                    default:
                        throw new NotSupportedException($"{parts[0]} in a drawing");
                }
            }

            draw();
            canvas.RestoreToCount(before);
        }

        /// <summary>Fills it.</summary>
        /// <param name="element">With its colour.</param>
        /// <param name="draw">Draws it.</param>
        /// <param name="isWhole">
        /// True: it touches its neighbours. Viewers blend at edges, and the paper would shine through between the two:
        /// a rim of its own colour covers that.
        /// </param>
        private static void Fill(XElement element, Action<SKPaint> draw, bool isWhole = false)
        {
            float opacity = Number(element, "fill-opacity", 1);
            if (Text(element, "fill") is "none" || opacity == 0)
            {
                return;
            }

            using SKPaint paint = Paint(Text(element, "fill"), opacity);
            if (isWhole && opacity == 1)
            {
                (paint.Style, paint.StrokeWidth) = (SKPaintStyle.StrokeAndFill, Rim);
            }

            draw(paint);
        }

        private static void Stroke(XElement element, Action<SKPaint> draw)
        {
            if (Text(element, "stroke") is "" or "none")
            {
                return;
            }

            using SKPaint paint = Paint(Text(element, "stroke"), Number(element, "stroke-opacity", 1));
            float[] dashes =
            [
                .. Text(element, "stroke-dasharray")
                    .Split(' ', StringSplitOptions.RemoveEmptyEntries)
                    .Select(n => (float)Parsed(n)),
            ];
            using SKPathEffect? dashed = dashes.Length > 0 ? SKPathEffect.CreateDash(dashes, 0) : null;
            paint.Style = SKPaintStyle.Stroke;
            paint.StrokeWidth = Number(element, "stroke-width", 1);
            paint.StrokeCap = Text(element, "stroke-linecap") == "round" ? SKStrokeCap.Round : SKStrokeCap.Butt;
            paint.StrokeJoin = Text(element, "stroke-linejoin") == "round" ? SKStrokeJoin.Round : SKStrokeJoin.Miter;
            paint.PathEffect = dashed;
            draw(paint);
        }

        private static SKPaint Paint(string colour, float opacity) =>
            new() { IsAntialias = true, Color = SKColor.Parse(colour).WithAlpha((byte)Math.Round(255 * opacity)) };

        private static SKTypeface TypefaceOf(FontFace face, XElement root, bool isBold)
        {
            IEnumerable<string> texts = root.Descendants()
                .Where(e => e.Name.LocalName == "text" && IsBold(e) == isBold)
                .Select(e => e.Value)
                .Append(isBold ? "" : "0123456789ABCDEF");
            return SKTypeface.FromData(SKData.CreateCopy(FontSubset.Of(face, FigureFont.Characters(texts))));
        }

        private static bool IsBold(XElement text) => Text(text, "font-weight") == "600";

        private static string Text(XElement element, string name) => element.Attribute(name)?.Value ?? "";

        private static float Number(XElement element, string name, float unless = 0) =>
            element.Attribute(name) is { } given ? (float)Parsed(given.Value) : unless;

        private static float Length(XElement element, string name, double whole) =>
            Text(element, name) == "100%" ? (float)whole : Number(element, name);
    }
}
