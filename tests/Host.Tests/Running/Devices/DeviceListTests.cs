using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Host.Running.Devices;
using Xunit;

namespace Pipelines.Host.Tests.Running.Devices;

public sealed class DeviceListTests
{
    [Theory]
    [InlineData("cpu", 0, "cpu")]
    [InlineData("cpu,cpu", 4, "cpu 1|cpu 2")]
    [InlineData("cuda:1, cuda:0", 2, "cuda:1|cuda:0")]
    [InlineData("all", 3, "cuda:0|cuda:1|cuda:2")]
    [InlineData("all", 0, "cpu")]
    public void A_list_names_devices_and_all_is_what_the_runtime_counts(string text, int count, string labels) =>
        DeviceList.Parse(text).Resolve(count).Select(d => d.Label).Should().Equal(labels.Split('|'));

    [Theory]
    [InlineData("", "'' is not a device")]
    [InlineData("cpu,", "'' is not a device")]
    [InlineData("cuda", "'cuda' is not a device")]
    [InlineData("cuda:-1", "'cuda:-1' is not a device")]
    [InlineData("cuda:99999999999", "'cuda:99999999999' is not a device")]
    [InlineData("gpu:0", "'gpu:0' is not a device")]
    [InlineData("all,cpu", "'all' is not a device")]
    [InlineData("cuda:1,cuda:01", "cuda:1 is named twice")]
    [InlineData("cpu,cuda:0", "a processor and cards are named together")]
    public void Another_text_is_refused_with_what_would_be_right(string text, string says)
    {
        InputException refused = FluentActions
            .Invoking(() => DeviceList.Parse(text))
            .Should()
            .Throw<InputException>()
            .Which;

        refused.Message.Should().StartWith("--devices").And.Contain(says);
        refused.Remedy.Should().NotBeEmpty();
    }

    [Fact]
    public void Two_thousand_processors_are_a_slip_of_the_pen() =>
        FluentActions
            .Invoking(() => DeviceList.Parse(string.Join(',', Enumerable.Repeat("cpu", 2000))))
            .Should()
            .Throw<InputException>()
            .WithMessage("*devices are named, 64 at most*");

    [Theory]
    [InlineData(0, "libtorch counts 0 CUDA devices. Look at the driver")]
    [InlineData(2, "They are cuda:0 to cuda:1")]
    public void A_card_that_is_not_there_is_refused_with_those_that_are(int count, string says) =>
        FluentActions
            .Invoking(() => DeviceList.Parse("cuda:0,cuda:2").Resolve(count))
            .Should()
            .Throw<InputException>()
            .WithMessage($"*{says}*");

    [Theory]
    [InlineData("cuda:1", null, "cuda:1", null)]
    [InlineData("cuda:1", "GPU-8f3c,MIG-77aa", "cuda:0", "MIG-77aa")]
    [InlineData("cuda:0", "3,1", "cuda:0", "3")]
    [InlineData("cpu", "3,1", "cpu", null)]
    public void A_process_sees_one_entry_of_the_visible_cards_as_it_stands(
        string name,
        string? visible,
        string alone,
        string? sees
    ) => new WorkerDevice(name, name).Alone(visible).Should().Be((alone, sees));
}
