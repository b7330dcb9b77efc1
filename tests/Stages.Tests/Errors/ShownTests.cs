using System.Globalization;
using FluentAssertions;
using FsCheck.Xunit;
using Pipelines.Domain.Errors;
using Xunit;

namespace Pipelines.Stages.Tests.Errors;

/// <summary>Names from files as a person is shown them.</summary>
public sealed class ShownTests
{
    [Theory]
    [InlineData("\u001b[2J\u001b[31mred", @"\u001b[2J\u001b[31mred")]
    [InlineData("cat\u202egpj.exe", @"cat\u202egpj.exe")]
    [InlineData("a\nb\r\tc", @"a\nb\r\tc")]
    [InlineData("nul\0", @"nul\u0000")]
    [InlineData("zero\u200bwidth\u2060\ufeff", @"zero\u200bwidth\u2060\ufeff")]
    [InlineData("\u2066isolate\u2069\u061c", @"\u2066isolate\u2069\u061c")]
    [InlineData("line\u2028paragraph\u2029\u0085", @"line\u2028paragraph\u2029\u0085")]
    [InlineData("tag\U000e0041", @"tag\U000e0041")]
    [InlineData("back\\slash\u0007", @"back\\slash\u0007")]
    [InlineData(@"C:\plain", @"C:\plain")]
    [InlineData("Hündchen 犬 🐕 کتاب", "Hündchen 犬 🐕 کتاب")]
    public void What_would_turn_hide_or_break_a_line_is_quoted(string name, string shown) =>
        Shown.Name(name).Should().Be(shown);

    [Fact]
    public void Half_of_a_character_is_quoted()
    {
        // Not in an attribute: those are stored as UTF-8, which cannot hold it.
        Shown.Name("lone\ud800.jpg").Should().Be(@"lone\ud800.jpg");
        Shown.Name("\udc00").Should().Be(@"\udc00");
    }

    [Fact]
    public void Lines_keep_their_ends_and_nothing_else() =>
        Shown.Lines("one\ttwo\nthree\u001b[0m").Should().Be("one\ttwo\nthree\\u001b[0m");

    [Property(MaxTest = 1000)]
    public void No_text_gets_through_with_such_a_character_and_quoting_twice_changes_nothing(string? text)
    {
        string shown = Shown.Name(text ?? "");

        shown
            .EnumerateRunes()
            .Should()
            .NotContain(r =>
                System.Text.Rune.GetUnicodeCategory(r) == UnicodeCategory.Control
                || System.Text.Rune.GetUnicodeCategory(r) == UnicodeCategory.Format
            );
        Shown.Name(shown).Should().Be(shown);
    }
}
