using System.CommandLine;
using Pipelines.Host.Running.Devices;

namespace Pipelines.Host.Commands;

/// <summary>
/// Options of <c>run</c> for several devices of one machine, and for the processes that it starts on them.
/// </summary>
internal sealed class DeviceOptions
{
    /// <summary>Said by a run to the processes of its devices, and by nobody else.</summary>
    public const string Device = "--device",
        MemoryShare = "--memory-share";

    private readonly Option<string?> devices = new(DeviceList.Option)
    {
        Description =
            "One process a device, together on one run: cuda:0,cuda:1 or all (cpu,cpu is two on one processor). What "
            + "the spec says of its device does not count then.",
        HelpName = "LIST",
    };

    private readonly Option<string?> device = new(Device) { Hidden = true };

    private readonly Option<long?> memoryShare = new(MemoryShare) { Hidden = true };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in new Option[] { devices, device, memoryShare })
        {
            command.Add(option);
        }
    }

    /// <summary>The devices that are named; null where none is.</summary>
    public DeviceList? Read(ParseResult parsed) => parsed.GetValue(devices) is { } list ? DeviceList.Parse(list) : null;

    /// <summary>Adds what the command line says to the process of a device.</summary>
    public RunOptions ReadPart(ParseResult parsed, RunOptions options) =>
        parsed.GetValue(device) is { } name
            ? options with
            {
                Device = name,
                MemoryShare = parsed.GetValue(memoryShare),
                IsOfFleet = true,
            }
            : options;
}
