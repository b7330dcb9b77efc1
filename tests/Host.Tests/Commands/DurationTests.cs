using FluentAssertions;
using Pipelines.Host.Commands;
using Xunit;

namespace Pipelines.Host.Tests.Commands;

/// <summary>Every option that takes a time takes it in each of these ways.</summary>
public sealed class DurationTests
{
    [Theory]
    [InlineData("150s", 150)]
    [InlineData("1.5min", 90)]
    [InlineData("2m", 120)]
    [InlineData("2 h", 7200)]
    [InlineData("1d", 86_400)]
    [InlineData("10", 600)]
    [InlineData("10:30", 630)]
    [InlineData("4:00:00", 14_400)]
    [InlineData("1-12:00:00", 129_600)]
    public void A_time_is_read(string text, int seconds) =>
        Duration.Of(text).Should().Be(TimeSpan.FromSeconds(seconds));

    [Theory]
    [InlineData("")]
    [InlineData("s")]
    [InlineData("min")]
    [InlineData("-1s")]
    [InlineData("1e9h")]
    [InlineData("99999999999999999999999d")]
    [InlineData("NaNs")]
    [InlineData("1:2:3:4")]
    [InlineData("2 weeks")]
    public void What_is_no_time_is_none(string text) => Duration.Of(text).Should().BeNull();
}
