using System.Globalization;
using System.Xml.Linq;
using FluentAssertions;
using FsCheck;
using FsCheck.Xunit;
using Pipelines.Stages.Reporting;
using Xunit;

namespace Pipelines.Stages.Tests.Reporting;

/// <summary>What figures leave to the kit: that nothing lies over another thing or outside the drawing.</summary>
public sealed class KitTests
{
    private static readonly Canvas[] Canvases = [new("w", Drawing.Wide, "", ""), new("n", Drawing.Narrow, "", "")];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Panels_lie_beside_or_below_each_other_and_inside_the_drawing(int count)
    {
        foreach (Canvas canvas in Canvases)
        {
            var (svg, panels) = Panel.Several(canvas, count, above: 40);
            Panel[] grid = [.. Panel.Grid(canvas, count).Select(g => g.Panel)];

            panels.Should().HaveCount(count).And.OnlyContain(p => p.Top >= 40 && p.Bottom <= svg.Height + 1e-9);
            foreach (IReadOnlyList<Panel> made in new[] { panels, grid })
            {
                made.Should().OnlyContain(p => p.Left >= 0 && p.Right <= canvas.Width + 1e-9);
                foreach (var (one, other) in made.SelectMany((p, i) => made.Skip(i + 1).Select(q => (p, q))))
                {
                    (one.Right <= other.Left + 1e-9 || one.Bottom <= other.Top + 1e-9).Should().BeTrue();
                }
            }
        }
    }

    [Fact]
    public void The_inside_of_a_square_panel_is_square()
    {
        Panel panel = Panel.Square(Drawing.Narrow, 400, top: 20);
        Scale x = panel.Across(0, 1),
            y = panel.Upwards(0, 1);

        (x.End - x.Start).Should().Be(y.Start - y.End);
        panel.Right.Should().Be(Drawing.Narrow);
    }

    [Theory]
    [InlineData(1, 5)]
    [InlineData(4, 16)]
    [InlineData(5, 16)]
    [InlineData(5, 60)]
    public void Keys_stand_inside_the_drawing_and_apart(int count, int length)
    {
        foreach (Canvas canvas in Canvases)
        {
            var keys = new KeyRow(
                [.. Enumerable.Range(0, count).Select(i => (new string('m', length), Palette.Series[i]))],
                canvas
            );
            Svg svg = canvas.Svg(keys.Height);
            keys.Draw(svg);
            (double X, double Y, double Right)[] titles =
            [
                .. XDocument
                    .Parse(svg.ToString())
                    .Descendants()
                    .Where(e => e.Name.LocalName == "text")
                    .Select(e => (At(e, "x"), At(e, "y"), At(e, "x") + FigureFont.Width(e.Value))),
            ];

            titles.Should().HaveCount(count).And.OnlyContain(t => t.Right <= canvas.Width && t.Y <= keys.Height);
            titles
                .GroupBy(t => t.Y)
                .Should()
                .OnlyContain(row => row.OrderBy(t => t.X).Zip(row.OrderBy(t => t.X).Skip(1)).All(Apart));
        }
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(8, 4)]
    public void Pictures_lie_inside_the_drawing_and_apart(int count, int columns)
    {
        const double tall = 50;
        foreach (Canvas canvas in Canvases)
        {
            var (tiles, bottom) = Tile.Rows(canvas, count, columns, gap: 10, _ => tall, top: 40);

            tiles.Should().HaveCount(count);
            tiles.Should().OnlyContain(t => t.X >= 0 && t.X + t.Width <= canvas.Width + 1e-9);
            tiles.Should().OnlyContain(t => t.Y > 40 && t.Y + tall < bottom);
            tiles
                .SelectMany((t, i) => tiles.Skip(i + 1).Select(u => (One: t, Other: u)))
                .Should()
                .OnlyContain(p => p.One.X + p.One.Width < p.Other.X || p.One.Y + tall < p.Other.Y);
        }
    }

    [Property]
    public bool No_two_labels_that_have_a_place_touch(NormalFloat[] places)
    {
        var labels = new Labels();
        double[] taken =
        [
            .. places.Select(p => p.Get % 500).Where(at => labels.Take(at - 10, at + 10, gap: 4)).Order(),
        ];
        return (places.Length == 0 || taken.Length > 0) && taken.Zip(taken.Skip(1)).All(p => p.Second - p.First >= 24);
    }

    [Property]
    public bool Names_of_lines_stand_apart_in_the_order_of_their_lines_and_near_them(NormalFloat[] heights)
    {
        double[] wanted = [.. heights.Take(8).Select(h => 20 + Math.Abs(h.Get % 200)).Order()];
        double[] places = LineEnds.Places(wanted, top: 20, bottom: 220);

        return places.Zip(places.Skip(1)).All(p => p.Second - p.First >= 12 - 1e-9)
            && places.All(p => p is >= 20 - 1e-9 and <= 220 + 1e-9)
            && (wanted.Zip(wanted.Skip(1)).Any(p => p.Second - p.First < 12) || places.SequenceEqual(wanted));
    }

    [Fact]
    public void Words_at_marks_that_lie_close_stand_apart_inside_the_panel_and_none_is_lost()
    {
        var panel = new Panel(0, 0, 300, 200);
        (string, (double, double))[] words =
        [
            .. Enumerable.Range(0, 10).Select(i => ($"word {i}", (140.0 + (3 * i), 90.0 + (2 * i)))),
        ];
        Svg svg = new Canvas("w", 300, "", "").Svg(200);
        new Labels().DrawOver(svg, panel, words, [.. words.Select(w => w.Item2)]);
        (double X, double Y)[] places =
        [
            .. XDocument
                .Parse(svg.ToString())
                .Descendants()
                .Where(e => e.Name.LocalName == "text")
                .Select(e => (At(e, "x"), At(e, "y"))),
        ];

        places.Should().HaveCount(words.Length);
        places.Should().OnlyContain(p => p.X > 15 && p.X < 285 && p.Y > 10 && p.Y < 200);
        places
            .SelectMany((p, i) => places.Skip(i + 1).Select(q => (p, q)))
            .Should()
            .OnlyContain(pair => Math.Abs(pair.p.X - pair.q.X) > 38 || Math.Abs(pair.p.Y - pair.q.Y) > 11);
    }

    private static bool Apart(((double X, double Y, double Right) One, (double X, double Y, double Right) Next) pair) =>
        pair.One.Right < pair.Next.X;

    private static double At(XElement element, string attribute) =>
        double.Parse(element.Attribute(attribute)!.Value, CultureInfo.InvariantCulture);
}
